"""CSV → chunks of its rows, as JSON objects named by the header; cells may hold newlines.

A quote that never closes would swallow all rows after it. So a row that comes to nothing is given
up as its first line, and reading goes on at the next. A last row that no newline ends waits: it cannot
be told from one that is still being written, whose last cell is cut.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator

import msgspec
import numpy as np

from promptlog.chunk import MAX_LINE, Chunk, Gap, Tally
from promptlog.lines import cut_lines
from promptlog.reasons import Reason

CHUNK = 2 << 20
_DELIMITERS = ",;\t|"

csv.field_size_limit(16 << 20)


def header(text: bytes) -> tuple[list[str], str]:
    """Return the names and the delimiter of a CSV header; ([], "") where a text begins with none.

    >>> header(b"id,user,prompt\\n1,u,Solve\\n")
    (['id', 'user', 'prompt'], ',')
    """
    line, newline, _ = text.partition(b"\n")
    if not newline or len(line) > 1 << 16:
        return [], ""
    shown = line.decode("utf-8", "replace").rstrip("\r")
    if "\r" in shown:
        return [], ""  # no name has one, and csv refuses it
    for delimiter in _DELIMITERS:
        names = next(csv.reader([shown], delimiter=delimiter), [])
        if len(names) > 1 and len(set(names)) == len(names) and all(map(_is_name, names)):
            return names, delimiter
    return [], ""


def _is_name(cell: str) -> bool:
    return cell[:1].isidentifier() | (cell[:1] in "@$") and all(c.isalnum() or c in "_.@$ /-" for c in cell)


def cut_rows(blocks: Iterable[bytes], tally: Tally, names: list[str], delimiter: str) -> Iterator[Chunk]:
    """Yield the rows below the header, from where the tally stands."""
    feed = _Feed(blocks)
    rows = _Rows(tally, names)
    if tally.last == b"":
        rows.skip(next(feed.raw, b""))
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            if feed.ended and not feed.holds_row(len(names), delimiter):
                break  # a last row that is still being written
            rows.give_up(feed.first_line())
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
            continue
        if not feed.row.endswith(b"\n"):
            break
        rows.add(feed.take(), cells)
        if rows.size >= CHUNK:
            yield rows.chunk()
    yield rows.chunk()
    if feed.row or feed.damaged:
        reason = Reason.DAMAGED if feed.damaged else Reason.TORN
        gap = Gap(tally.offset, reason, hashlib.sha256(feed.row).hexdigest())
        yield Chunk(tally.offset, tally.sha256(), gaps=(gap,))


class _Feed:
    """Lines as csv.reader takes them, and the bytes of the row that it is at."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.raw = self._lines(blocks)
        self._again: list[bytes] = []
        self._held: list[bytes] = []
        self.ended = self.damaged = False

    @property
    def row(self) -> bytes:
        return b"".join(self._held)

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self.raw, b"")
        if not line:
            self.ended = True
            raise StopIteration
        self._held.append(line)
        return line.decode("utf-8", "surrogateescape")

    def take(self) -> bytes:
        row, self._held = self.row, []
        return row

    def holds_row(self, cells: int, delimiter: str) -> bool:
        """Say whether a later line is a row in itself, so that the first must be damaged."""
        later = (line.decode("utf-8", "replace") for line in self._held[1:])
        return any(line.count(delimiter) == cells - 1 and '"' not in line for line in later)

    def first_line(self) -> bytes:
        """Give up the first line of the row; the others come again."""
        first, *others = self._held
        self._again += reversed(others)
        self._held, self.ended = [], False
        return first

    def _lines(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in cut_lines(blocks, Tally(), max_line=MAX_LINE):
            self.damaged = any(gap.reason is Reason.DAMAGED for gap in chunk.gaps)
            yield from io.BytesIO(chunk.data)


class _Rows:
    """A chunk in the making."""

    def __init__(self, tally: Tally, names: list[str]) -> None:
        self._tally = tally
        self._names = names
        self._start()

    def _start(self) -> None:
        self._lines: list[bytes] = []
        self._offsets: list[int] = []
        self._gaps: list[Gap] = []
        self.size = 0

    def skip(self, content: bytes) -> None:
        """Pass content that is no row."""
        self._tally.add(content)

    def add(self, content: bytes, cells: list[str]) -> None:
        """Pass a row."""
        if not cells:
            return self.skip(content)
        if len(cells) != len(self._names):
            return self._gap(content, Reason.BAD_ROW)
        row = {name: cell or None for name, cell in zip(self._names, cells, strict=True)}
        try:
            self._lines.append(msgspec.json.encode(row) + b"\n")
        except UnicodeEncodeError:
            return self._gap(content, Reason.NOT_UTF8)
        self._offsets.append(self._tally.offset)
        self._pass(content)

    def give_up(self, content: bytes) -> None:
        """Pass a line that opens a cell which does not close."""
        self._gap(content, Reason.BAD_ROW)

    def chunk(self) -> Chunk:
        """Return what has come together."""
        tally, places = self._tally, np.array(self._offsets, dtype=np.int64)
        made = Chunk(
            tally.offset, tally.sha256(), b"".join(self._lines), offsets=places, gaps=tuple(self._gaps)
        )
        self._start()
        return made

    def _gap(self, content: bytes, reason: Reason) -> None:
        self._gaps.append(
            Gap(self._tally.offset, reason, hashlib.sha256(content.rstrip(b"\r\n")).hexdigest())
        )
        self._pass(content)

    def _pass(self, content: bytes) -> None:
        self._tally.add(content)
        self.size += len(content)
