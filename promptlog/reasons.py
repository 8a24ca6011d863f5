"""Why a line was not read: a fixed vocabulary, so that no log text travels in a reason."""

from enum import StrEnum


class Reason(StrEnum):
    """One short phrase for each way in which a line can be bad."""

    NOT_JSON = "not JSON"
    NOT_UTF8 = "invalid UTF-8"
    LONE_SURROGATE = "lone surrogate"
    BAD_NUMBER = "number not finite or too large"
    DUPLICATE_KEY = "duplicate key"
    TOO_DEEP = "nested too deeply"
    TOO_LONG = "line too long"
    TORN = "torn last line"
    DAMAGED = "file torn or damaged from here on"
    UNKNOWN_SHAPE = "no known format"
    BAD_FIELD = "field of the wrong type"
    BAD_ACCOUNT = "account is not text"
    BAD_TIME = "time makes no sense"


class Skip(Exception):
    """Raised by a format for a line that it cannot read; the reader turns it into a SkippedLine."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
