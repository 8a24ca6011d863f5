"""A format described by the user: `--map account=meta.user,ts=time,prompt=input.text`.

Each field is a dotted path into the entry. A field that is not mapped is what the format
of the entry says, or of its body where `body` is mapped; so one mapping can also replace
the account field of a known log.
"""

from collections.abc import Callable, Mapping

from promptlog import accounts, formats, strict, times
from promptlog.bodies.content import text_of
from promptlog.bodies.prompt import canonical, of_messages
from promptlog.errors import LogError
from promptlog.fields import text
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord

_TEXTS = ("request_id", "model", "ip", "user_agent", "organisation", "session")
_FIELDS = (*_TEXTS, "account", "ts", "prompt", "system", "tools", "messages", "body")


class Mapped(LogFormat):
    """A log read as the user says. Raises LogError for a field that there is not."""

    name = "mapped"

    def __init__(self, mapping: Mapping[str, str], base: LogFormat | None = None) -> None:
        if unknown := sorted(set(mapping) - set(_FIELDS)):
            raise LogError(f"--map knows no field {', '.join(unknown)}; there are: {', '.join(_FIELDS)}")
        if empty := sorted(field for field, path in mapping.items() if not path):
            raise LogError(f"--map gives no path for {', '.join(empty)}")
        self._paths = dict(mapping)
        self._base = base

    def recognises(self, entry: object) -> float:
        """Return the share of the mapped paths that the entry has."""
        return sum(at(entry, path) is not None for path in self._paths.values()) / max(1, len(self._paths))

    def parse(self, entry: object) -> list[PromptRecord]:
        if not isinstance(entry, dict):
            raise Skip(Reason.UNKNOWN_SHAPE)
        found = {field: at(entry, path) for field, path in self._paths.items()}
        records = self._unmapped(_unpacked(found["body"]) if "body" in found else entry)
        return [self._apply(record, found) for record in records]

    def _unmapped(self, body: object) -> list[PromptRecord]:
        base = self._base or formats.of_entry(body)
        if base is not None:
            return base.parse(body)
        if not {"prompt", "messages", "system"} & self._paths.keys():
            raise Skip(Reason.UNKNOWN_SHAPE)
        return [PromptRecord(request_id="")]

    def _apply(self, record: PromptRecord, found: Mapping[str, object]) -> PromptRecord:
        changes: dict[str, object] = {name: text(found[name]) for name in _TEXTS if name in found}
        if "ts" in found:
            changes["time_us"] = times.to_us(found["ts"])
        if "account" in found:
            account = accounts.first([(self._paths["account"], found["account"])])
            changes |= {"account": account.name, "account_field": account.field}
            if account.session and "session" not in found:
                changes["session"] = account.session
        for field, segments in _SEGMENTS.items():
            if field in found:
                changes |= segments(_unpacked(found[field]))
        return record._replace(**changes)  # type: ignore[arg-type]


def at(entry: object, path: str) -> object:
    """Return what stands at a dotted path, None when there is nothing.

    A member whose name is the whole path wins, as some exports write dots into names.

    >>> at({"meta": {"tags": ["a", "b"]}}, "meta.tags.1")
    'b'
    """
    if isinstance(entry, dict):
        if path in entry:
            return entry[path]
        name, _, rest = path.partition(".")
        return at(entry.get(name), rest) if rest else None
    if isinstance(entry, list):
        name, _, rest = path.partition(".")
        if not (name.isdecimal() and len(name) < 10 and int(name) < len(entry)):
            return None
        return at(entry[int(name)], rest) if rest else entry[int(name)]
    return None


def _unpacked(value: object) -> object:
    """Return JSON that was logged as text, once; other values as they are."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return strict.decode_text(value)
    except Skip as skip:
        if skip.reason is Reason.NOT_JSON:
            return value
        raise


def _of_messages(messages: object) -> dict[str, object]:
    if not isinstance(messages, list | None):
        raise Skip(Reason.BAD_FIELD)
    segments = of_messages(messages or [])._asdict()
    del segments["tools"]
    return segments


def _of_prompt(prompt: object) -> dict[str, object]:
    first = text_of(prompt)
    return {"first_user": first, "last_user": "", "user_turns": int(bool(first))}


# In this order, as a mapped prompt or system text is more exact than mapped messages.
_SEGMENTS: dict[str, Callable[[object], dict[str, object]]] = {
    "messages": _of_messages,
    "prompt": _of_prompt,
    "system": lambda system: {"system": text_of(system)},
    "tools": lambda tools: {"tools": canonical(tools) if tools else ""},
}
