"""Single values of a log entry: where they stand, and as text."""

from collections.abc import Mapping

from promptlog import strict
from promptlog.reasons import Reason, Skip


def text(value: object, reason: Reason = Reason.BAD_FIELD) -> str:
    """Return a field as text: "" for none, digits for an integer id.

    Raises Skip with `reason` for a list, an object, a truth value or a fraction, which
    cannot name anything.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Skip(reason)


def account(value: object) -> str:
    """Return an account id as text. Raises Skip(BAD_ACCOUNT)."""
    return text(value, Reason.BAD_ACCOUNT)


def member(value: object, name: str) -> object:
    """Return a member of an object; None where there is no such member, or no object."""
    return value.get(name) if isinstance(value, Mapping) else None


def unpacked(value: object) -> object:
    """Return JSON that was logged as text, once; other values, and text that is no JSON, as they are.

    Raises Skip for JSON that is hostile rather than no JSON.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return strict.decode_text(value)
    except Skip as skip:
        if skip.reason is Reason.NOT_JSON:
            return value
        raise


def at(entry: object, path: str) -> object:
    """Return what stands at a dotted path, None when there is nothing.

    A member whose name is the whole path wins, as some exports write dots into names;
    JSON that was logged as text is stepped into.

    >>> at({"meta": {"tags": ["a", "b"]}}, "meta.tags.1")
    'b'
    """
    entry = unpacked(entry)
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
