"""Which logs an index has read, and how far: found again by how their content begins."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest
from operator import attrgetter

from indexes.manifest import Input
from promptlog.containers import open_content
from promptlog.content import HEAD, Content, Mark
from promptlog.errors import LogError
from promptlog.reader import Log

# The states of one log are one input; where more inputs than this begin alike, they are no states of one.
_LOOKED_AT = 16


class Known:
    """The inputs of an index, by their heads."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self._sources: dict[tuple[str, Mark], int] = {}
        self._marks: dict[str, set[Mark]] = {}
        self._lengths: set[int] = set()
        self._entries: dict[str, dict[int, Input]] = {}
        for source, entry in enumerate(inputs):
            self.put(source, entry)

    def put(self, source: int, entry: Input) -> None:
        """Take note of how far a log has been read."""
        mark = Mark(entry.offset, entry.sha256)
        self._entries.setdefault(entry.head, {})[source] = entry
        self._sources[entry.head, mark] = source
        self._marks.setdefault(entry.head, set()).add(mark)
        self._lengths.add(head_length(entry.offset))

    def marks(self, content: Content) -> list[Mark]:
        """Return where a log that begins like this may have been read to."""
        heads = {content.head(length) for length in self._lengths}
        return [mark for head in heads for mark in self._marks.get(head, ())]

    def source(self, content: Content, mark: Mark) -> int:
        """Return which input a content is, given where it was found to have been read to."""
        return self._sources[content.head(head_length(mark.offset)), mark]

    def is_earlier(self, log: Log) -> bool:
        """Say whether all of a log is how one began that was read before; that one's file tells."""
        end = log.end
        if end is None or (log.resumed and log.resumed.offset >= end.offset):
            return False
        alike = self._entries.get(log.content.head(HEAD), {}).values()
        longer = nlargest(_LOOKED_AT, alike, key=attrgetter("offset"))
        return any(entry.offset > end.offset and _begins(entry, end) for entry in longer)


def _begins(entry: Input, end: Mark) -> bool:
    """Say whether the file of an input still is what was read, and agrees with a mark."""
    try:
        with open_content(entry.path) as (_, content):
            return (
                content.resume([end]) == end
                and content.resume([Mark(entry.offset, entry.sha256)]) is not None
            )
    except (LogError, OSError):
        return False


def head_length(offset: int) -> int:
    """Return how many bytes make the head of a log that was read so far."""
    return min(offset, HEAD)
