"""A chunk of entries → a batch of prompt records.

A format may read whole chunks at a time. What is out of the ordinary in a chunk it leaves to be read
line by line, with the decoder that says what is wrong.
"""

import gc
import hashlib
import re
from collections.abc import Iterable, Iterator
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
from promptlog.record import UNNAMED, PromptRecord, SkippedLine, batch_of, to_batch

# From here the next reading starts again: more may have been written by then.
WAITS = {Reason.TORN, Reason.DAMAGED}

# What a line of JSON that is still being written looks like to a decoder. No text shows that it is whole.
_UNPARSED = {
    Reason.NOT_JSON,
    Reason.NOT_UTF8,
    Reason.BAD_NUMBER,
    Reason.LONE_SURROGATE,
    Reason.DUPLICATE_KEY,
    Reason.TOO_DEEP,
}
LONG = 1 << 20  # chunks of this size are worth loading what is compiled
_LONG_LINES = 100_000  # where lines are longer on average, nothing compiled takes them
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

    def batch(self, chunk: Chunk) -> LogBatch:
        """Return a chunk's records, and the lines that hold none."""
        with _no_collection():
            return _Making(self, chunk).batch()

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


class _Making:
    """A batch in the making."""

    def __init__(self, parser: Parser, chunk: Chunk) -> None:
        self._parser = parser
        self._chunk = chunk
        self._first, self._last = _bounds(chunk.data)
        self._offsets = self._first + chunk.base if chunk.offsets is None else chunk.offsets
        self._records: list[PromptRecord] = []
        self._numbers: list[int] = []
        """Of each record the number of its line."""
        self._skipped: list[SkippedLine] = []
        self._lines = 0
        self._waiting: SkippedLine | None = None

    def batch(self) -> LogBatch:
        """Return the batch, once."""
        for gap in self._chunk.gaps:
            self._skip(gap.offset, gap.reason, gap.sha256)
        known = self._parser.format
        size = len(self._chunk.data)
        if known is not None and known.reads_blocks and LONG <= size < _LONG_LINES * len(self._first):
            records = self._read_block(known)
        else:
            self._read_lines(range(len(self._first)))
            records = self._gathered()
        after = None if self._waiting else Mark(self._chunk.end, self._chunk.sha256)
        return LogBatch(records, tuple(self._skipped), self._lines, after, self._waiting)

    def _read_block(self, known: LogFormat) -> pa.RecordBatch:
        """Read all lines that are ordinary at once, and the others one by one."""
        ordinary, columns = known.parse_block(self._chunk.data, self._first, self._last)
        self._lines += len(ordinary)
        batch = batch_of(columns, self._offsets[ordinary], self._parser.source)
        if len(ordinary) == len(self._first):
            return batch
        self._read_lines(np.delete(np.arange(len(self._first)), ordinary).tolist())
        both = pa.concat_batches([batch, self._gathered()])
        order = np.argsort(np.concatenate([ordinary, np.array(self._numbers, np.int64)]), kind="stable")
        return both.take(pa.array(order))

    def _read_lines(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            line = self._chunk.data[self._first[number] : self._last[number]].removesuffix(b"\r")
            if line and not line.isspace():
                self._read_line(line, number)

    def _gathered(self) -> pa.RecordBatch:
        """Return a batch of the records that were read one by one."""
        return to_batch(
            self._records, self._offsets[np.array(self._numbers, np.int64)].tolist(), self._parser.source
        )

    def _read_line(self, line: bytes, number: int) -> None:
        offset = int(self._offsets[number])
        if self._chunk.unfinished and not _is_whole(line):
            return self._skip(offset, Reason.TORN, hashlib.sha256(line).hexdigest())
        try:
            records = self._parser.parse(line)
            if len(line) > 2 * _MANY_MARKS:
                _refuse_marks(records)
        except Skip as skip:
            self._skip(offset, skip.reason, hashlib.sha256(line).hexdigest())
            return self._accept(_all_named(skip.records, line), number)
        self._accept(_all_named(records, line), number)
        self._lines += 1

    def _accept(self, records: list[PromptRecord], number: int) -> None:
        self._records += records
        self._numbers += [number] * len(records)

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
    last = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    if data and not data.endswith(b"\n"):
        last = np.append(last, len(data))
    return np.concatenate([[0], last[:-1] + 1])[: len(last)], last


def _is_whole(line: bytes) -> bool:
    """Say whether a last line that no newline ends is all there: JSON shows it, a text does not."""
    try:
        strict.decode(line)
    except Skip as skip:
        return skip.reason not in _UNPARSED
    return True


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
