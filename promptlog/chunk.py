"""What a log is cut into: chunks of whole entries, as JSON, one a line.

Arrays, tables and pretty-printed objects become lines too, so all that comes after knows one
shape. A chunk knows where it ends in the log's content and the SHA-256 of all content before:
that is how a log that was moved, packed again, or has grown since is known (see `Content.resume`).
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from promptlog.reasons import Reason

MAX_LINE = 64 << 20
_SPACE = 64  # as much white space is looked behind


class Gap(NamedTuple):
    """Bytes of the content, from `offset`, that could not be had as an entry."""

    offset: int
    reason: Reason
    sha256: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive entries. The content from its first byte to `end` is hers."""

    end: int
    """Offset in the content: what comes after begins there."""
    sha256: str
    """Of all content before `end`."""
    data: bytes = b""
    """Lines of JSON; each ends in a newline, but for an unfinished one."""
    base: int = 0
    """Where `data` begins in the content, when `offsets` is None."""
    offsets: NDArray[np.int64] | None = None
    """Where each line of `data` is found, when it does not stand in the content as it is."""
    gaps: tuple[Gap, ...] = ()
    unfinished: bool = False
    """Whether `data` is a last line that nothing ends: it may still be growing."""


class Tally:
    """Content that has passed: how much, and its hash."""

    def __init__(self, *, is_table: bool = False) -> None:
        self.offset = 0
        self.last = b""
        """The byte that passed last and is no white space."""
        self._rows = 0 if is_table else None
        self._hash = hashlib.sha256()

    def add(self, content: bytes) -> None:
        """Pass some bytes."""
        self.offset += len(content)
        self._hash.update(content)
        self.last = content[-_SPACE:].rstrip()[-1:] or content.rstrip()[-1:] or self.last
        if self._rows is not None:
            self._rows += content.count(b"\n")

    def sha256(self) -> str:
        """Return the hash of all that has passed."""
        return self._hash.hexdigest()

    def chunk(self, content: bytes, *, unfinished: bool = False) -> Chunk:
        """Pass content that is lines of JSON already."""
        base, rows = self.offset, self._rows
        self.add(content)
        offsets = None if rows is None or self._rows is None else np.arange(rows, self._rows)
        return Chunk(self.offset, self.sha256(), content, base, offsets, unfinished=unfinished)
