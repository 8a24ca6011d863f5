"""A format described by the user: `--map account=meta.user,ts=time,prompt=input.text`.

Each field is a dotted path into the entry. A field that is not mapped is what the format
of the entry says, or of its body where `body` is mapped; so one mapping can also replace
the account field of a known log.
"""

from collections.abc import Callable, Mapping

from promptlog import accounts, formats, times
from promptlog.bodies.content import text_of
from promptlog.bodies.prompt import canonical, of_messages
from promptlog.errors import LogError
from promptlog.fields import at, text, unpacked
from promptlog.formats.base import LogFormat, each
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
        if not isinstance(entry, dict | list):
            raise Skip(Reason.UNKNOWN_SHAPE)
        body = unpacked(at(entry, self._paths["body"])) if "body" in self._paths else entry
        base = self._base or formats.of_entry(body)
        if base is None:
            if not {"prompt", "messages", "system"} & self._paths.keys():
                raise Skip(Reason.UNKNOWN_SHAPE)
            return [self._apply(PromptRecord(request_id=""), entry, entry)]
        parts = base.split(body)
        if len(parts) == 1:  # parsed whole, since what stands around a part says something too
            return [self._apply(record, parts[0], entry) for record in base.parse(body)]
        return each(parts, lambda part: [self._apply(r, part, entry) for r in base.parse(part)])

    def _apply(self, record: PromptRecord, part: object, entry: object) -> PromptRecord:
        found = {field: _in(path, part, entry) for field, path in self._paths.items()}
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
                changes |= segments(unpacked(found[field]))
        return record._replace(**changes)  # type: ignore[arg-type]


def _in(path: str, part: object, entry: object) -> object:
    """Return what stands at a path in a part of an entry, else in the entry itself."""
    found = at(part, path)
    return at(entry, path) if found is None else found


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
