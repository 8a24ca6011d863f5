"""Timestamps of any common spelling → microseconds since 1970, UTC.

Logs hold seconds, milliseconds, microseconds and nanoseconds. Between 2015 and 2100 the
four ranges do not overlap, so the unit follows from the number; what lies in none of them
(negative, zero, 10^18) is refused, never guessed at.
"""

from datetime import UTC, datetime

from promptlog.reasons import Reason, Skip

EARLIEST = 1_420_070_400  # 2015-01-01: no log of a language model's API is older
LATEST = 4_102_444_800  # 2100-01-01

_MICROSECONDS_PER_UNIT = ((1, 1_000_000), (1_000, 1_000), (1_000_000, 1))


def to_us(value: object) -> int | None:
    """Return a logged time in microseconds; None when the log has none.

    Text without a zone is UTC, as every logger we know writes it. Raises Skip.
    """
    if type(value) is float and EARLIEST <= value < LATEST:
        return round(value * 1_000_000)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    raise Skip(Reason.BAD_TIME)


def to_iso(time_us: int) -> str:
    """Return a time as "2026-04-22T00:00:03.120Z".

    >>> to_iso(1776816003120000)
    '2026-04-22T00:00:03.120Z'
    """
    moment = datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(microsecond=time_us % 1_000_000)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def is_local(text: str) -> bool:
    """Say whether a text is a time without a zone, which `to_us` takes for UTC.

    >>> [is_local(text) for text in ("2026-01-01 00:00:00.5", "2026-01-01T00:00:00Z", "1767225600")]
    [True, False, False]
    """
    if _number(text) is not None or text.endswith(" UTC"):
        return False
    try:
        return datetime.fromisoformat(text.strip()).tzinfo is None
    except ValueError:
        return False


def _from_number(value: int | float) -> int:
    for per_second, microseconds in _MICROSECONDS_PER_UNIT:
        if EARLIEST * per_second <= value < LATEST * per_second:  # a large integer cannot be divided
            return round(value * microseconds)
    if EARLIEST * 1_000_000_000 <= value < LATEST * 1_000_000_000:
        return int(value) // 1_000
    raise Skip(Reason.BAD_TIME)


def _from_text(text: str) -> int:
    number = _number(text)
    if number is not None:
        return _from_number(number)
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        raise Skip(Reason.BAD_TIME) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = round((moment - _EPOCH).total_seconds() * 1_000_000)
    if not EARLIEST * 1_000_000 <= seconds < LATEST * 1_000_000:
        raise Skip(Reason.BAD_TIME)
    return seconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _number(text: str) -> int | float | None:
    """Return text that is a plain decimal number ("20260101" is a number, not a date)."""
    if len(text) > 40 or not text.replace(".", "", 1).isdecimal() or not text.isascii():
        return None
    return float(text) if "." in text else int(text)
