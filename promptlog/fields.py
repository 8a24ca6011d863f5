"""Single values of a log entry → text."""

from collections.abc import Mapping

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
