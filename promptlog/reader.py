"""Logs → Arrow batches of prompt records.

A bad line is skipped, with its reason and hash, and reading goes on: the lines that were
accepted and the lines that were skipped are together all that the log has, blank ones apart.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pyarrow as pa

from promptlog import formats, strict
from promptlog.containers import Container, open_log
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.formats.mapped import Mapped
from promptlog.lines import Gap, Line
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord, SkippedLine, to_batch

SAMPLE = 50
SAMPLE_BYTES = 16 << 20
BATCH_BYTES = 64 << 20

# What a line that is still being written looks like to a decoder.
_UNPARSED = {
    Reason.NOT_JSON,
    Reason.NOT_UTF8,
    Reason.BAD_NUMBER,
    Reason.LONE_SURROGATE,
    Reason.DUPLICATE_KEY,
    Reason.TOO_DEEP,
}
# From here the next reading starts again: more may have been written by then.
_HELD = {Reason.TORN, Reason.DAMAGED}


@dataclass(frozen=True)
class LogBatch:
    """Some consecutive lines of a log."""

    records: pa.RecordBatch
    """Columns as in SCHEMA."""
    skipped: tuple[SkippedLine, ...]
    lines: int
    """How many lines were read, accepted or skipped; blank lines do not count."""
    end: int
    """The offset to resume from. A torn last line lies behind it, and is read again."""


def read(
    path: str | Path,
    *,
    source: int = 0,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    batch_rows: int = 8192,
    start: int = 0,
) -> Iterator[LogBatch]:
    """Yield the batches of one log, or of standard input for "-".

    `source` is the number put in the batches' source column; `start` is the `end` of an
    earlier reading. Without `format` the log's first lines decide. Raises LogError when
    the log cannot be opened or no format fits it.
    """
    with opened(path, format=format, mapping=mapping, start=start) as log:
        if log.format is None and log.unknown:
            raise LogError(log.unknown)
        yield from log.batches(source, batch_rows)


@dataclass(frozen=True)
class Log:
    """An open log whose format is known, or known to be unknown."""

    path: str
    container: Container
    format: LogFormat | None
    confidence: float
    sample: list[object]
    """The first entries, decoded."""
    unknown: str
    """Why the format is not known, and what to do; "" when it is."""
    parse: Callable[[bytes], list[PromptRecord]]
    lines: Iterator[Line | Gap]
    given: bool = False
    """Whether the user named the format: then no line is read as another."""

    def batches(self, source: int = 0, rows: int = 8192) -> Iterator[LogBatch]:
        batch = _Batch(self.path, source)
        parse = self.parse
        for line in self.lines:
            if isinstance(line, Gap):
                batch.skip(line, line.reason, line.sha256)
            elif line.data and not line.data.isspace():
                try:
                    batch.accept(line, parse(line.data))
                except Skip as skip:
                    self._try_again(line, skip.reason, batch)
            else:
                batch.end = line.end
            if batch.lines >= rows or batch.size >= BATCH_BYTES:
                yield batch.close()
                batch = _Batch(self.path, source)
        if batch.end >= 0:
            yield batch.close()

    def _try_again(self, line: Line, reason: Reason, batch: "_Batch") -> None:
        """Read a line as any other format that knows it, since logs may mix formats; else skip it."""
        try:
            if reason is not Reason.UNKNOWN_SHAPE or self.parse is _parse_as_any or self.given:
                raise Skip(reason)
            batch.accept(line, _parse_as_any(line.data))
        except Skip as skip:
            torn = not line.whole and skip.reason in _UNPARSED
            batch.skip(line, Reason.TORN if torn else skip.reason, hashlib.sha256(line.data).hexdigest())


@contextmanager
def opened(
    path: str | Path, *, format: str | None = None, mapping: Mapping[str, str] | None = None, start: int = 0
) -> Iterator[Log]:
    """Open a log and find its format, which takes its first lines; they are read again."""
    given = given_format(format, mapping)
    with open_log(path, start=start) as log:
        head, sample = _sample(log.lines)
        chosen, confidence = (given, given.detect(sample)) if given else formats.choose(sample)
        # A resumed log had a format before: a few strange lines at its end do not change that.
        unknown = "" if chosen or start else _unknown(log.path, head, sample)
        certain = chosen is not None and (chosen is given or chosen.specific)
        parse = chosen.parse_line if chosen is not None and certain else _parse_as_any
        lines = chain(head, log.lines)
        named = format is not None
        yield Log(log.path, log.container, chosen, confidence, sample, unknown, parse, lines, named)


def given_format(format: str | None, mapping: Mapping[str, str] | None) -> LogFormat | None:
    """Return the format that a user asked for, None to detect it. Raises LogError for an unknown one."""
    given = formats.by_name(format) if format else None
    return Mapped(mapping, base=given) if mapping else given


def _sample(lines: Iterator[Line | Gap]) -> tuple[list[Line | Gap], list[object]]:
    head: list[Line | Gap] = []
    sample: list[object] = []
    for line in lines:
        head.append(line)
        if isinstance(line, Line):
            with suppress(Skip):
                sample.append(strict.decode(line.data))
        if len(head) == SAMPLE or line.end - head[0].offset > SAMPLE_BYTES:
            break
    return head, sample


def _unknown(path: str, head: list[Line | Gap], sample: list[object]) -> str:
    """Say what to do about a log that no format fits; "" when it may only be unfinished."""
    whole = [line for line in head if isinstance(line, Line) and line.whole and line.data.strip()]
    if not whole and not sample:
        return ""
    known = ", ".join(each.name for each in formats.FORMATS)
    if whole and whole[0].data.lstrip()[:1] == b"[":
        return f"{path} is a JSON array, which is not read: write one object per line (jq -c '.[]')"
    if not sample:
        return f"{path} does not hold JSON, one object per line; the formats read are: {known}"
    return (
        f"{path}: no known format fits its first lines. Say where its fields are with "
        f"--map account=…,ts=…,prompt=… or name the format with --format ({known})"
    )


@dataclass(slots=True)
class _Batch:
    """A batch in the making."""

    path: str
    source: int
    end: int = -1
    lines: int = 0
    size: int = 0
    records: list[PromptRecord] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)

    def accept(self, line: Line, records: list[PromptRecord]) -> None:
        offset, self.end, data, _ = line
        for record in records:
            self.records.append(record if record.request_id else _named(record, data))
            self.offsets.append(offset)
        self.lines += 1
        self.size += len(data)

    def skip(self, line: Line | Gap, reason: Reason, sha256: str) -> None:
        self.skipped.append(SkippedLine(self.path, line.offset, reason, sha256))
        self.lines += 1
        self.end = line.offset if reason in _HELD else line.end

    def close(self) -> LogBatch:
        records = to_batch(self.records, self.offsets, self.source)
        return LogBatch(records, tuple(self.skipped), self.lines, self.end)


def _parse_as_any(data: bytes) -> list[PromptRecord]:
    """Parse a line as whichever format knows it."""
    entry = strict.decode(data)
    known = formats.of_entry(entry)
    if known is None:
        raise Skip(Reason.UNKNOWN_SHAPE)
    return known.parse(entry)


def _named(record: PromptRecord, data: bytes) -> PromptRecord:
    """Name a record that has no id after its line's bytes."""
    return record._replace(request_id=f"line-{hashlib.sha256(data).hexdigest()[:24]}")
