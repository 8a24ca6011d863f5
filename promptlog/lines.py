"""Blocks of bytes → chunks of lines.

Only "\\n" ends a line: U+2028, VT and a lone CR may stand inside a JSON string. A line that
outgrows the cap is measured and hashed as it streams past, but never held.
"""

import hashlib
from collections.abc import Iterable, Iterator

from promptlog.chunk import MAX_LINE, Chunk, Gap, Tally
from promptlog.reasons import Reason


class DamagedStream(Exception):
    """Raised by a source of blocks where it is torn or corrupt."""


def cut_lines(blocks: Iterable[bytes], tally: Tally, *, max_line: int = MAX_LINE) -> Iterator[Chunk]:
    """Yield every line of a content, from where the tally stands.

    A last line without a newline comes alone and unfinished. A damaged stream ends in a gap that
    holds its unfinished line, and does not count as passed.
    """
    rest = Rest(max_line)
    try:
        for block in blocks:
            end = block.rfind(b"\n") + 1
            if end and rest.overlong is not None:
                first = block.index(b"\n") + 1
                yield rest.end_gap(block[:first], tally)
                block, end = block[first:], end - first
            if end:
                yield tally.chunk(rest.take() + block[:end])
            rest.add(block[end:], tally)
    except DamagedStream:
        yield rest.damaged(tally)
        return
    if rest.overlong is not None:
        yield rest.end_gap(b"", tally)
    elif rest.size:
        yield tally.chunk(rest.take(), unfinished=True)


class Rest:
    """The line whose newline has not come yet; when it is too long, only its hash grows."""

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._parts: list[bytes] = []
        self.size = 0
        self.overlong: hashlib._Hash | None = None
        self._offset = 0

    def add(self, piece: bytes, tally: Tally) -> None:
        if self.overlong is None:
            self._parts.append(piece)
            self.size += len(piece)
            if self.size <= self._max_line:
                return
            self.overlong, self._offset, piece = hashlib.sha256(), tally.offset, self.take()
        self.overlong.update(piece)
        tally.add(piece)

    def take(self) -> bytes:
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts, self.size = [], 0
        return data

    def end_gap(self, piece: bytes, tally: Tally) -> Chunk:
        """Pass the rest of a line that is too long."""
        assert self.overlong is not None
        self.overlong.update(piece.removesuffix(b"\n"))
        tally.add(piece)
        gap = Gap(self._offset, Reason.TOO_LONG, self.overlong.hexdigest())
        self.overlong = None
        return Chunk(tally.offset, tally.sha256(), gaps=(gap,))

    def damaged(self, tally: Tally) -> Chunk:
        """Return the gap of a line that damage cut off."""
        offset = tally.offset if self.overlong is None else self._offset
        digest = (self.overlong or hashlib.sha256(self.take())).hexdigest()
        return Chunk(offset, tally.sha256(), gaps=(Gap(offset, Reason.DAMAGED, digest),))
