"""The content of a log: its bytes once unpacked, from the first to wherever a run may stop.

A log is known by its content. The same bytes under another name, in another place, or packed in
another way are the same log; one that begins with all that was read before has grown.
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from promptlog.chunk import Tally
from promptlog.lines import DamagedStream

HEAD = 256
_BOM = b"\xef\xbb\xbf"
# Tabs, line ends and escape sequences for colours are ordinary in a text.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b") | {127})


class Mark(NamedTuple):
    """How far a log was read: `sha256` is that of its first `offset` bytes."""

    offset: int
    sha256: str


class Content:
    """Blocks of bytes that pass once; the tally tells how much has passed."""

    def __init__(self, blocks: Iterator[bytes], *, is_table: bool = False) -> None:
        """`is_table`: each line is a row, whose number is where it is found, not its bytes."""
        self.first = next(blocks, b"")
        """The first block."""
        self.is_table = is_table
        self._blocks = chain([self.first], blocks)
        self._rest = b""
        self.tally = Tally(is_table=is_table)

    @property
    def text(self) -> bytes:
        """The first block, without a byte order mark: what the content looks like."""
        return self.first.removeprefix(_BOM)

    @property
    def mark(self) -> int:
        """How many bytes of a byte order mark stand before the text."""
        return len(self.first) - len(self.text)

    @property
    def strange(self) -> float:
        """The share of the first block that is no text: control characters, and what is no UTF-8."""
        text = self.text
        readable = text.decode("utf-8", "ignore").encode().translate(None, _CONTROLS)
        return 1 - len(readable) / len(text) if text else 0.0

    def head(self, length: int) -> str:
        """Return a name for the first bytes, by which most logs differ; "" if there are not as many."""
        return hashlib.sha256(self.first[:length]).hexdigest()[:16] if len(self.first) >= length else ""

    def resume(self, marks: Iterable[Mark]) -> Mark | None:
        """Pass what was read before; return the last of the marks that the content agrees with.

        The content then stands at that mark, or beyond when it disagreed with a later one.
        """
        found = None
        for mark in sorted(set(marks)):
            if not self._pass(mark.offset):
                break
            if self.tally.sha256() == mark.sha256:
                found = mark
        return found

    def rest(self) -> Iterator[bytes]:
        """Yield the blocks that have not passed; whoever takes them tells the tally."""
        if self.tally.offset == 0 and self.first.startswith(_BOM):
            self._pass(len(_BOM))
        yield self._rest
        yield from self._blocks

    def _pass(self, offset: int) -> bool:
        """Pass all before an offset, and say whether there was as much."""
        try:
            while self.tally.offset < offset:
                block = self._rest or next(self._blocks)
                need = offset - self.tally.offset
                self.tally.add(block[:need])
                self._rest = block[need:]
        except (StopIteration, DamagedStream):
            return False
        return True
