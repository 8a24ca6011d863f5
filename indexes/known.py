"""Which logs an index has read, and how far: found again by how their content begins."""

from __future__ import annotations

from collections.abc import Iterable

from indexes.manifest import Input
from promptlog.content import HEAD, Content, Mark


class Known:
    """The inputs of an index, by their heads."""

    def __init__(self, inputs: Iterable[Input]) -> None:
        self._sources: dict[tuple[str, Mark], int] = {}
        self._marks: dict[str, set[Mark]] = {}
        self._lengths: set[int] = set()
        for source, entry in enumerate(inputs):
            self.put(source, entry)

    def put(self, source: int, entry: Input) -> None:
        """Take note of how far a log has been read."""
        mark = Mark(entry.offset, entry.sha256)
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


def head_length(offset: int) -> int:
    """Return how many bytes make the head of a log that was read so far."""
    return min(offset, HEAD)
