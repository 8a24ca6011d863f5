"""A chunk of entries → a batch of prompt records.

A format may read whole chunks at a time. What is out of the ordinary in a chunk is found by
halving it, and read line by line with the decoder that says what is wrong.
"""

import gc
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from promptlog import formats, strict
from promptlog.chunk import MAX_LINE, Chunk
from promptlog.content import Mark
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import UNNAMED, Column, PromptRecord, SkippedLine, batch_of, to_batch

# From here the next reading starts again: more may have been written by then.
WAITS = {Reason.TORN, Reason.DAMAGED}

# What a line that is still being written looks like to a decoder.
_UNPARSED = {
    Reason.NOT_JSON,
    Reason.NOT_UTF8,
    Reason.BAD_NUMBER,
    Reason.LONE_SURROGATE,
    Reason.DUPLICATE_KEY,
    Reason.TOO_DEEP,
}
_FEW = 16  # lines that are not worth halving
_LONG = 1 << 20  # from here on it pays to let other threads run meanwhile
_HUGE = 1 << 20  # only the strict decoder takes such lines apart
# Nobody writes so many marks on one letter; it takes at least two bytes each to try.
_MANY_MARKS = 50_000
_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")


@dataclass(frozen=True)
class LogBatch:
    """Some consecutive entries of a log."""

    records: pa.RecordBatch
    """Columns as in SCHEMA."""
    skipped: tuple[SkippedLine, ...]
    lines: int
    """How many lines were read, accepted or skipped; blank lines do not count."""
    after: Mark | None
    """Where reading may be resumed; None where something waits, as then the batch before knows."""
    waiting: SkippedLine | None = None
    """A torn last line, or where the file is damaged: to be read again when it is whole."""


@dataclass(frozen=True)
class Parser:
    """What turns the chunks of one log into batches."""

    path: str
    source: int
    format: LogFormat | None
    """None where each line is matched anew: a resumed log of which nothing familiar is left."""
    given: bool = False
    """Whether the user named the format: then no line is read as another."""

    def begin(self, chunk: Chunk) -> "Making":
        """Return a chunk in which the lines are found: in a thread that reads ahead, if it is long."""
        return Making(self, chunk)

    def parse(self, line: bytes) -> list[PromptRecord]:
        """Parse one line, as another format if need be, since logs may mix formats. Raises Skip.

        A format that fails on a line must not stop a run of millions; the fuzzers look for it.
        """
        try:
            return self._parse(line)
        except (Skip, MemoryError):
            raise
        except Exception as error:
            raise Skip(Reason.READER_FAILED) from error

    def _parse(self, line: bytes) -> list[PromptRecord]:
        if len(line) > MAX_LINE:
            raise Skip(Reason.TOO_LONG)
        if self.format is not None:
            try:
                return self._as_format(self.format, line)
            except Skip as skip:
                if skip.reason is not Reason.UNKNOWN_SHAPE or self.given:
                    raise
        entry = formats.entry_of(line)
        known = formats.of_entry(entry)
        if known is None:
            raise Skip(Reason.UNKNOWN_SHAPE)
        return known.parse(entry)

    def _as_format(self, known: LogFormat, line: bytes) -> list[PromptRecord]:
        return known.parse(strict.decode(line)) if len(line) > _HUGE else known.parse_line(line)


class Making:
    """A batch in the making."""

    def __init__(self, parser: Parser, chunk: Chunk) -> None:
        self._parser = parser
        self._chunk = chunk
        self._first, self._last = _bounds(chunk.data)
        self._offsets = self._first + chunk.base if chunk.offsets is None else chunk.offsets
        self._ordinary = _ordinary(chunk.data, self._first, self._last)
        known = parser.format
        self._known = known if known is not None and known.reads_blocks else None
        self._is_clear = self._known is not None and not self._repeats(chunk.data, len(self._first))
        self._batches: list[pa.RecordBatch] = []
        self._records: list[PromptRecord] = []
        self._sources: list[int] = []
        self._skipped: list[SkippedLine] = []
        self._lines = 0
        self._waiting: SkippedLine | None = None

    def batch(self) -> LogBatch:
        """Return the chunk's records, and the lines that hold none."""
        with _no_collection():
            return self._batch()

    def _batch(self) -> LogBatch:
        for gap in self._chunk.gaps:
            self._skip(gap.offset, gap.reason, gap.sha256)
        self._read(0, len(self._first))
        self._gather()
        records = self._batches[0] if len(self._batches) == 1 else pa.concat_batches(self._batches)
        after = None if self._waiting else Mark(self._chunk.end, self._chunk.sha256)
        return LogBatch(records, tuple(self._skipped), self._lines, after, self._waiting)

    def _read(self, begin: int, end: int) -> None:
        """Read some lines at once if they are all ordinary, else each half, else one by one."""
        if end - begin > _FEW and self._known is not None:
            if self._ordinary[begin:end].all():
                is_whole = end - begin == len(self._first)
                block = self._chunk.data
                block = block if is_whole else block[self._first[begin] : self._last[end - 1]]
                is_clear = self._is_clear if is_whole else not self._repeats(block, end - begin)
                columns = self._known.parse_block(block, end - begin) if is_clear else None
                if columns is not None:
                    return self._accept_block(columns, self._offsets[begin:end])
            middle = (begin + end) // 2
            self._read(begin, middle)
            return self._read(middle, end)
        for number in range(begin, end):
            line = self._chunk.data[self._first[number] : self._last[number]].removesuffix(b"\r")
            if line and not line.isspace():
                self._read_line(line, int(self._offsets[number]))

    def _repeats(self, block: bytes, lines: int) -> bool:
        """Say whether a line of a block may have a member twice for which that would matter."""
        known = self._known
        return known is not None and any(_count(block, name) > lines for name in known.deciding)

    def _read_line(self, line: bytes, offset: int) -> None:
        try:
            records = self._parser.parse(line)
            if len(line) > 2 * _MANY_MARKS:
                _refuse_marks(records)
        except Skip as skip:
            torn = self._chunk.unfinished and skip.reason in _UNPARSED
            self._skip(offset, Reason.TORN if torn else skip.reason, hashlib.sha256(line).hexdigest())
            return self._accept(_all_named(skip.records, line), offset)
        self._accept(_all_named(records, line), offset)
        self._lines += 1

    def _accept(self, records: list[PromptRecord], offset: int) -> None:
        self._records += records
        self._sources += [offset] * len(records)

    def _accept_block(self, columns: Sequence[Column], offsets: NDArray[np.int64]) -> None:
        if self._records:
            self._gather()
        self._batches.append(batch_of(columns, offsets, self._parser.source))
        self._lines += len(offsets)

    def _gather(self) -> None:
        """Make a batch of the records that were read one by one; there is one at least in the end."""
        if self._records or not self._batches:
            self._batches.append(to_batch(self._records, self._sources, self._parser.source))
            self._records, self._sources = [], []

    def _skip(self, offset: int, reason: Reason, sha256: str) -> None:
        line = SkippedLine(self._parser.path, offset, reason, sha256)
        if reason in WAITS:
            self._waiting = line
            return
        self._skipped.append(line)
        self._lines += 1


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector of cycles out: decoded JSON has none, and looking for them doubles the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _bounds(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the lines of `data` begin, and where they end without their newline."""
    last = _ends(data)
    if data and not data.endswith(b"\n"):
        last = np.append(last, len(data))
    return np.concatenate([[0], last[:-1] + 1])[: len(last)], last


def _ends(data: bytes) -> NDArray[np.int64]:
    if len(data) < _LONG:
        return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    from promptlog import scan  # compiled, and few logs need it

    return scan.ends(data)


def _count(data: bytes, name: bytes) -> int:
    if len(data) < _LONG:
        return data.count(name)
    from promptlog import scan

    return scan.count(data, name)


def _ordinary(data: bytes, first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each line whether it looks like one object of a usual size.

    Where each of several lines begins with "{" and ends with "}", and they hold as many objects,
    each line is one: between objects that nest, "}" and "{" cannot meet.
    """
    if not len(first):
        return np.empty(0, np.bool_)
    text = np.frombuffer(data, np.uint8)
    length = last - first
    return np.asarray(
        (text[first] == ord("{")) & (text[last - 1] == ord("}")) & (length > 1) & (length <= 2 * _MANY_MARKS)
    )


def _refuse_marks(records: list[PromptRecord]) -> None:
    for record in records:
        for text in (record.system, record.first_user, record.last_user):
            if not text.isascii() and any(len(run[0]) >= _MANY_MARKS for run in _MARKS.finditer(text)):
                raise Skip(Reason.TOO_MANY_MARKS)


def _all_named(records: Iterable[PromptRecord], line: bytes) -> list[PromptRecord]:
    return [record if record.request_id else _named(record, line) for record in records]


def _named(record: PromptRecord, line: bytes) -> PromptRecord:
    """Name a record that has no id after its line's bytes."""
    return record._replace(request_id=f"{UNNAMED}{hashlib.sha256(line).hexdigest()[:24]}")
