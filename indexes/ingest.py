"""Logs into an index: read, fingerprint, append, commit; every line once.

A log is known by its content (see `promptlog.content`): indexed again, moved, renamed or packed in
another way it adds nothing, and one that has grown is read from where it ended. Requests are
gathered to segments; each is published as soon as it is written, together with how far its logs
have been read. So a killed run loses the work since its last commit, and the next goes on there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fingerprint.identity import identities
from indexes.errors import writes
from indexes.known import Known, head_length
from indexes.manifest import Input
from indexes.repeats import repeats
from indexes.segment import SegmentReader
from indexes.segment_writer import SegmentBuilder
from indexes.workspace import Workspace, Writer
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.parsing import LogBatch
from promptlog.reader import Log, given_format, opened
from promptlog.reasons import Reason
from promptlog.record import SkippedLine
from promptlog.walk import spelt

SEGMENT_REQUESTS = 1_000_000
SEGMENT_BYTES = 768 << 20
SEGMENT_SKIPPED = 250_000
SEGMENT_SECONDS = 60.0


class Unreadable(msgspec.Struct, frozen=True):
    """A file that is no log we can read, or not all of it, or not to be trusted, and why."""

    path: str
    reason: str


class IngestSummary(msgspec.Struct, frozen=True):
    """What one `index` run did; `accounts` are those of the requests it indexed."""

    schema_version: int
    generation: int
    files: int
    files_known: int
    records_read: int
    records_indexed: int
    quarantined: int
    accounts: int
    seconds: float
    repeated: int = 0
    """Requests left out since the index has them under the same id: see `indexes.repeats`."""
    unreadable: tuple[Unreadable, ...] = ()
    waiting: tuple[Unreadable, ...] = ()
    """Files whose end is torn or damaged: what lies there is read when it is whole."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come; `rate` is requests per second."""

    path: str
    requests: int
    quarantined: int
    rate: float


def ingest(
    workspace: Workspace,
    paths: Iterable[Path],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> IngestSummary:
    """Append the requests of logs, as far as they are not in the index yet.

    A file that is no log is reported in the summary and the others are read. Raises LogError for
    an unknown format or mapping, IndexLocked while another process writes.
    """
    given = given_format(format, mapping)
    with workspace.writing() as writer:
        run = _Run(writer, progress)
        with run.publisher:
            for path in paths:
                run.read(path, given)
            run.publish()
            run.wait()
    return run.summary()


class _Run:
    """The running state of one ingest.

    Segments are fingerprinted, written and published in a thread of their own, which needs no
    interpreter lock for most of that, while the next is being read.
    """

    def __init__(self, writer: Writer, progress: Callable[[Progress], None]) -> None:
        self.publisher = ThreadPoolExecutor(max_workers=1)
        self._writer = writer
        self._progress = progress
        self._started = time.monotonic()
        self._inputs = list(writer.inputs)
        self._known = Known(self._inputs)
        self._segments = [_reader(writer.workspace, each.name) for each in writer.workspace.manifest.segments]
        self._accounts = np.empty(0, np.uint64)
        self._unreadable: list[Unreadable] = []
        self._waiting: list[Unreadable] = []
        self._files = self._files_known = self._accepted = self._quarantined = self._repeated = 0
        self._format: LogFormat | None = None  # of the log before
        self._publishing: Future[None] | None = None
        self._start_segment()

    def _start_segment(self) -> None:
        self._builder = SegmentBuilder(self._writer.workspace.hasher)
        self._begun = time.monotonic()
        self._changed: dict[int, Input] = {}

    def read(self, path: Path, given: LogFormat | None) -> None:
        """Read what is new in one log."""
        before = self._accepted + self._quarantined
        try:
            with opened(path, given, self._known.marks, self._format) as log:
                if self._known.is_earlier(log):
                    self._files_known += 1
                    return
                new = self._read(path, log)
        except (LogError, OSError) as error:
            read = self._accepted + self._quarantined - before
            self._files += bool(read)
            self._unreadable.append(
                Unreadable(
                    spelt(path), f"{error}; {read:,} entries before that were read" if read else str(error)
                )
            )
            return
        for remark in log.content.remarks:
            self._unreadable.append(Unreadable(spelt(path), f"{spelt(path)}: {remark}"))
        if new or log.resumed is None:
            self._files += 1
        else:
            self._files_known += 1

    def _read(self, path: Path, log: Log) -> bool:
        """Take in the batches of an open log; return whether there was anything in them."""
        source = len(self._inputs)
        entry = Input(spelt(path), path.stat().st_size, "", 0, 0)
        if log.resumed is not None:
            source = self._known.source(log.content, log.resumed)
            entry = msgspec.structs.replace(self._inputs[source], path=entry.path, size=entry.size)
        new = False
        try:
            for batch in log.batches(source):
                if batch.waiting is not None:
                    self._waiting.append(Unreadable(spelt(path), why_waiting(batch.waiting)))
                if batch.after is None or not batch.lines:
                    continue
                new = True
                self._format = log.found[0]
                entry = read_on(entry, log, batch)
                self._inputs[source : source + 1] = [entry]
                self._changed[source] = entry
                self._take(batch)
                rate = self._accepted / max(time.monotonic() - self._started, 1e-9)
                self._progress(Progress(str(path), self._accepted, self._quarantined, rate))
        finally:
            if new:
                self._known.put(source, entry)
        return new

    def _take(self, batch: LogBatch) -> None:
        """Take in one batch, and publish what has come together when it is enough."""
        self._accepted += batch.records.num_rows
        self._quarantined += len(batch.skipped)
        self._builder.add(batch.records, batch.skipped)
        if (
            self._builder.requests >= SEGMENT_REQUESTS
            or self._builder.bytes >= SEGMENT_BYTES
            or len(self._builder.skipped) >= SEGMENT_SKIPPED
        ) or (time.monotonic() - self._begun >= SEGMENT_SECONDS and self._is_idle()):
            self.publish()

    def _is_idle(self) -> bool:
        return self._publishing is None or self._publishing.done()

    def publish(self) -> None:
        """Have what was gathered written as a segment and published, if it is anything."""
        if not self._changed:
            return
        self.wait()
        self._publishing = self.publisher.submit(self._write, self._builder, self._changed)
        self._start_segment()

    def wait(self) -> None:
        """Wait until all is published that was to be. Raises what went wrong."""
        if self._publishing is not None:
            self._publishing.result()

    def _write(self, builder: SegmentBuilder, inputs: Mapping[int, Input]) -> None:
        """Write and publish a segment of what was gathered, but for what the index has already."""
        self._leave_out_repeats(builder)
        if builder.requests or builder.skipped:
            folder = self._writer.new_folder("segments")
            with writes(self._writer.workspace.root):
                texts = builder.write(folder, with_text=self._writer.workspace.manifest.with_text)
            self._writer.add_segment(folder, builder.requests, texts)
            self._segments.append(SegmentReader(folder))
        for source, entry in inputs.items():
            self._writer.put_input(source, entry)
        self._writer.commit()

    def _leave_out_repeats(self, builder: SegmentBuilder) -> None:
        table, hasher = pa.Table.from_batches(builder.batches), builder.hasher
        again = repeats(table, self._segments, hasher)
        if again.any():
            table = table.filter(pa.array(~again))
            builder.batches = table.to_batches() or [builder.batches[0].slice(0, 0)]
            builder.requests -= int(again.sum())
            self._repeated += int(again.sum())
        accounts = identities(pc.unique(table.column("account")), hasher.derive(b"account"))
        self._accounts = np.union1d(self._accounts, accounts)

    def summary(self) -> IngestSummary:
        """Return what was done."""
        hasher = self._writer.workspace.hasher
        return IngestSummary(
            1,
            self._writer.workspace.manifest.generation,
            self._files,
            self._files_known,
            self._accepted + self._quarantined,
            self._accepted - self._repeated,
            self._quarantined,
            len(np.setdiff1d(self._accounts, identities(pa.array([""]), hasher.derive(b"account")))),
            round(time.monotonic() - self._started, 3),
            self._repeated,
            tuple(self._unreadable),
            tuple(self._waiting),
        )


def read_on(entry: Input, log: Log, batch: LogBatch) -> Input:
    """Return what is known of a log after one more of its batches, which is not waiting."""
    assert batch.after is not None
    return msgspec.structs.replace(
        entry,
        records=entry.records + batch.records.num_rows,
        quarantined=entry.quarantined + len(batch.skipped),
        sha256=batch.after.sha256,
        offset=batch.after.offset,
        head=log.content.head(head_length(batch.after.offset)),
        format=log.found[0].name if log.found[0] else "",
    )


def _reader(workspace: Workspace, name: str) -> SegmentReader:
    return SegmentReader(workspace.root / "segments" / name, workspace.checked)


def why_waiting(line: SkippedLine) -> str:
    """Return what to tell of the end of a log that waits."""
    advice = "it is read when it is whole"
    if line.reason is Reason.TORN:
        advice += ", a row of a table or a line of text when a newline ends it"
    return f"{spelt(line.path)}: {line.reason.value} at byte {line.offset}; {advice}"
