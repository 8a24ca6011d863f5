"""What a log is cut into: chunks of whole entries, as JSON, one a line.

Arrays, tables and pretty-printed objects become lines too, so all that comes after knows one
shape. A chunk knows where it ends in the log's content and the SHA-256 of all content before:
that is how a log that was moved, packed again, or has grown since is known (see `Content.resume`).
"""

import hashlib
from collections.abc import Sequence
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


class Damage(NamedTuple):
    """Rows of a table, from `begin` to before `end`, that cannot be read."""

    begin: int
    end: int
    reason: str


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

    def __init__(self, offset: int = 0, *, damage: Sequence[Damage] | None = None) -> None:
        """`offset`: of the first byte that counts. `damage`: of a table, whose lines are rows."""
        self.offset = offset
        self.last = b""
        """The byte that passed last and is no white space."""
        self.before_close: tuple[int, str] | None = None
        """Offset behind the last object of an array that is closed now, and the hash of all before."""
        self._damage = () if damage is None else damage
        self._rows = None if damage is None else 0
        self._hash = hashlib.sha256()

    def add(self, content: bytes) -> None:
        """Pass some bytes."""
        end = content[-_SPACE:].rstrip()
        inner = end[:-1].rstrip()
        objects_end = inner.endswith(b"}") or (not inner and self.last == b"}" and len(content) <= _SPACE)
        if end.endswith(b"]") and objects_end:
            at = max(0, len(content) - _SPACE) + len(inner)
            self._hash.update(memoryview(content)[:at])
            self.before_close = self.offset + at, self.sha256()
            self._hash.update(memoryview(content)[at:])
        else:
            self.before_close = None if end else self.before_close
            self._hash.update(content)
        self.offset += len(content)
        self.last = end[-1:] or content.rstrip()[-1:] or self.last
        if self._rows is not None:
            self._rows += content.count(b"\n")

    def sha256(self, more: bytes = b"") -> str:
        """Return the hash of all that has passed, and of more if it followed."""
        if not more:
            return self._hash.hexdigest()
        longer = self._hash.copy()
        longer.update(more)
        return longer.hexdigest()

    def chunk(self, content: bytes, *, unfinished: bool = False) -> Chunk:
        """Pass content that is lines of JSON already."""
        base, rows = self.offset, self._rows
        self.add(content)
        if rows is None or self._rows is None:
            return Chunk(self.offset, self.sha256(), content, base, unfinished=unfinished)
        gaps = tuple(
            Gap(each.begin, Reason.BAD_ROWS, hashlib.sha256(b"\n" * (each.end - each.begin)).hexdigest())
            for each in self._damage
            if rows <= each.begin < self._rows
        )
        return Chunk(self.offset, self.sha256(), content, base, np.arange(rows, self._rows), gaps)
