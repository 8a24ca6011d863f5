"""The content of a log: its bytes once unpacked, from the first to wherever a run may stop.

A log is known by its content. The same bytes under another name, in another place, or packed in
another way are the same log; one that begins with all that was read before has grown. A byte order
mark and the last line's end are no part of it: programs add them and take them away.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from promptlog.chunk import Damage, Tally
from promptlog.lines import DamagedStream

HEAD = 256
_LINE_ENDS = (b"\n", b"\r\n")
_BOM = b"\xef\xbb\xbf"
# Tabs, line ends and escape sequences for colours are ordinary in a text.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\b\x1b") | {127})


class Mark(NamedTuple):
    """How far a log was read: `sha256` is that of its first `offset` bytes, a byte order mark apart."""

    offset: int
    sha256: str


class Content:
    """Blocks of bytes that pass once; the tally tells how much has passed."""

    def __init__(
        self,
        blocks: Iterator[bytes],
        *,
        remarks: Sequence[str] = (),
        damage: Sequence[Damage] | None = None,
    ) -> None:
        """`remarks` and `damage` may grow while blocks are taken.

        `damage`: of a table, each line of which is a row, whose number is where it is found, not its bytes.
        """
        self.first = next(blocks, b"")
        """The first block."""
        self.text = self.first.removeprefix(_BOM)
        """The first block, without a byte order mark: what the content looks like."""
        self.mark = len(self.first) - len(self.text)
        """How many bytes of a byte order mark stand before the text."""
        self.is_table = damage is not None
        self._remarks, self._damage = remarks, () if damage is None else damage
        self._blocks = chain([self.text], blocks)
        self._rest = b""
        self.tally = Tally(self.mark, damage=damage)
        self.whole: Mark | None = None
        """All of the content, once it has passed while earlier marks were looked for."""

    @property
    def remarks(self) -> list[str]:
        """What is wrong with the file, as far as it has been read, that did not keep it from being read."""
        rows = (
            f"rows {each.begin:,} to {each.end - 1:,} cannot be read: {each.reason}" for each in self._damage
        )
        return [*self._remarks, *rows]

    @property
    def passed(self) -> int:
        """How much of the text has passed."""
        return self.tally.offset - self.mark

    @property
    def strange(self) -> float:
        """The share of the first block that is no text: control characters, and what is no UTF-8."""
        text = self.text
        readable = text.decode("utf-8", "ignore").encode().translate(None, _CONTROLS)
        return 1 - len(readable) / len(text) if text else 0.0

    def head(self, length: int) -> str:
        """Return a name for the first bytes, by which most logs differ; "" if there are not as many."""
        return hashlib.sha256(self.text[:length]).hexdigest()[:16] if len(self.text) >= length else ""

    def resume(self, marks: Iterable[Mark]) -> Mark | None:
        """Pass what was read before; return the last of the marks that the content agrees with.

        The content then stands at that mark, or beyond when it disagreed with a later one.
        """
        found = None
        for mark in sorted(set(marks)):
            if not self._pass(mark.offset):
                if self.whole is None or mark.offset - self.whole.offset > len(_LINE_ENDS[-1]):
                    break
                found = mark if self._lacks_end(mark) else found
            elif self.tally.sha256() == mark.sha256:
                found = mark
        return found

    def rest(self) -> Iterator[bytes]:
        """Yield the blocks that have not passed; whoever takes them tells the tally."""
        yield self._rest
        yield from self._blocks

    def _lacks_end(self, mark: Mark) -> bool:
        """Say whether only the end of the last line is missing to what was read; then pass that."""
        for end in _LINE_ENDS:
            if self.passed + len(end) == mark.offset and self.tally.sha256(end) == mark.sha256:
                self.tally.add(end)
                return True
        return False

    def _pass(self, offset: int) -> bool:
        """Pass all before an offset, and say whether there was as much."""
        try:
            while self.passed < offset:
                block = self._rest or next(self._blocks)
                need = offset - self.passed
                self.tally.add(block[:need])
                self._rest = block[need:]
        except StopIteration:
            self.whole = self.whole or Mark(self.passed, self.tally.sha256())
            return False
        except DamagedStream:
            return False
        return True
