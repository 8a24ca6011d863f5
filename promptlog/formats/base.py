"""What a log format is. To add one: a file of this package with a subclass and its FORMAT."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from promptlog import strict
from promptlog.reasons import Skip
from promptlog.record import Column, PromptRecord


class LogFormat(ABC):
    """One way of logging requests."""

    name: str
    reads_text: bool = False
    """Whether its lines are text rather than JSON; an entry is then a str."""

    wraps: bool = True
    """False for bare bodies: an entry that looks like one may be a wrapper's, which says more."""

    @abstractmethod
    def recognises(self, entry: object) -> float:
        """Return how sure it is, from 0 to 1, that an entry is of this format.

        1 is for wrappers, which have members that no other log has; bare bodies are less
        sure, as wrappers may look like one. No two formats may be equally sure of one entry.
        """

    @abstractmethod
    def parse(self, entry: object) -> list[PromptRecord]:
        """Return an entry's records: one for most formats, several where entries are batches.

        A record whose entry has no id has the request_id "". Raises Skip for an entry that
        it cannot read, with UNKNOWN_SHAPE when the entry is of another format.
        """

    def parse_line(self, line: bytes) -> list[PromptRecord]:
        """Parse a line. A format with a faster way than decoding all of it overrides this."""
        return self.parse(strict.decode(line))

    reads_blocks: bool = False
    """Whether `parse_block` is worth a try."""

    def parse_block(
        self, data: bytes, first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Sequence[Column]]:
        """Return which of the lines `data[first:last]` are ordinary, by number, and their records' columns.

        Each of those has one record, with a request_id: the one that `parse_line` would return.
        """
        raise NotImplementedError

    def beside(self, path: str) -> "LogFormat":
        """Return the format for the log at `path`, where what lies beside a log belongs to it."""
        return self

    def split(self, entry: object) -> list[object]:
        """Return an entry's parts, each the entry of one record, where entries are batches.

        What the user maps is looked up in the part. `parse` takes parts as it takes entries.
        """
        return [entry]

    def detect(self, sample: Sequence[object]) -> float:
        """Return the confidence, from 0 to 1, that a log with these entries is of this format."""
        return sum(map(self.recognises, sample)) / len(sample) if sample else 0.0

    def remark(self, entry: object) -> str:
        """Say in a few words why an entry holds no prompt; "" when there is nothing to say."""
        return ""


def each(parts: Iterable[object], parse: Callable[[object], list[PromptRecord]]) -> list[PromptRecord]:
    """Return the records of the parts of a batch.

    One bad part must not hide the others: the Skip that is raised for it holds their records.
    """
    records: list[PromptRecord] = []
    failed: Skip | None = None
    for part in parts:
        try:
            records += parse(part)
        except Skip as skip:
            records += skip.records
            failed = failed or skip
    if failed:
        raise Skip(failed.reason, tuple(records))
    return records
