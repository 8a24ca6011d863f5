"""Blocks of bytes → lines with their offsets.

Only "\n" ends a line: U+2028, VT and a lone CR may stand inside a JSON string. A line
longer than the cap is measured and hashed as it streams past, but never held.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from promptlog.reasons import Reason

MAX_LINE = 64 << 20
_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line, without its line end. `end` is the offset of the line after it."""

    offset: int
    end: int
    data: bytes
    whole: bool
    """False for a last line that no newline ends: it may still be growing."""


class Gap(NamedTuple):
    """Bytes from `offset` to `end` that could not be had as a line."""

    offset: int
    end: int
    reason: Reason
    sha256: str


class DamagedStream(Exception):
    """Raised by a source of blocks where it is torn or corrupt."""


class _Unfinished:
    """The line whose newline has not come yet."""

    def __init__(self, max_line: int) -> None:
        self._max_line = max_line
        self._parts: list[bytes] = []
        self._hash = hashlib.sha256()
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self._max_line:
            self._parts.append(piece)
            return
        # Too long: from here on only the hash grows.
        for part in (*self._parts, piece):
            self._hash.update(part)
        self._parts.clear()

    def data(self) -> bytes | None:
        """Return the line so far, None when it is too long."""
        return b"".join(self._parts) if self.size <= self._max_line else None

    def sha256(self) -> str:
        for part in self._parts:
            self._hash.update(part)
        return self._hash.hexdigest()


def split(blocks: Iterable[bytes], *, offset: int = 0, max_line: int = MAX_LINE) -> Iterator[Line | Gap]:
    """Yield every line of the stream that starts at `offset`, blank ones too.

    A damaged stream ends in a Gap that holds its unfinished line.
    """
    unfinished = _Unfinished(max_line)
    try:
        for block in blocks:
            pieces = block.split(b"\n")
            rest = pieces.pop()
            if pieces:
                unfinished.add(pieces[0])
                yield _finish(unfinished, offset, newline=1)
                offset += unfinished.size + 1
                for piece in pieces[1:]:
                    end = offset + len(piece) + 1
                    if len(piece) > max_line:
                        yield Gap(offset, end, Reason.TOO_LONG, hashlib.sha256(piece).hexdigest())
                    else:
                        yield Line(offset, end, piece.removesuffix(b"\r"), True)
                    offset = end
                unfinished = _Unfinished(max_line)
            unfinished.add(rest)
    except DamagedStream:
        yield Gap(offset, offset + unfinished.size, Reason.DAMAGED, unfinished.sha256())
        return
    if unfinished.size:
        yield _finish(unfinished, offset, newline=0)


def _finish(unfinished: _Unfinished, offset: int, *, newline: int) -> Line | Gap:
    end = offset + unfinished.size + newline
    data = unfinished.data()
    if data is None:
        return Gap(offset, end, Reason.TOO_LONG, unfinished.sha256())
    if offset == 0:
        data = data.removeprefix(_BOM)
    return Line(offset, end, data.removesuffix(b"\r"), bool(newline))
