"""Why a line was not read: a fixed vocabulary, so that no log text travels in a reason."""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptlog.record import PromptRecord


class Reason(StrEnum):
    """One short phrase for each way in which a line can be bad."""

    NOT_JSON = "not JSON"
    NOT_UTF8 = "invalid UTF-8"
    LONE_SURROGATE = "lone surrogate"
    BAD_NUMBER = "number not finite or too large"
    DUPLICATE_KEY = "duplicate key"
    TOO_DEEP = "nested too deeply"
    TOO_LONG = "line too long"
    TOO_MANY_KEYS = "object with too many keys"
    TOO_MANY_VALUES = "too many values"
    TOO_MANY_MARKS = "too many combining marks in a row"
    BAD_ROW = "row does not fit the header"
    BAD_ROWS = "damaged from this row on, to the end of its row group"
    TORN = "torn last line"
    DAMAGED = "file torn or damaged from here on"
    UNKNOWN_SHAPE = "no known format"
    READER_FAILED = "the reader failed on it, which is a bug of ours"
    BAD_FIELD = "field of the wrong type"
    BAD_ACCOUNT = "account is not text"
    BAD_TIME = "time makes no sense"


class Skip(Exception):
    """Raised by a format for a line that it cannot read; the reader turns it into a SkippedLine.

    `records` are those of the line's other parts, where a line is a batch of requests.
    """

    def __init__(self, reason: Reason, records: tuple["PromptRecord", ...] = ()) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.records = records
