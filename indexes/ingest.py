"""Logs into an index: read, fingerprint, append, commit.

A log file is known by the SHA-256 of its bytes, so indexing the same dumps again, moved or
renamed, adds nothing. Requests are gathered to segments of bounded size; a generation is
published when a file has been read to its end and enough has come together, so a killed run
loses the work since its last commit and never counts a file twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow.compute as pc

from indexes import manifest as manifests
from indexes.manifest import Input
from indexes.segment import SegmentBuilder
from indexes.workspace import Workspace, Writer
from promptlog.errors import LogError
from promptlog.reader import LogBatch, given_format, read
from promptlog.walk import spelt

SEGMENT_REQUESTS = 250_000
SEGMENT_BYTES = 512 << 20
COMMIT_REQUESTS = 1_000_000


class Unreadable(msgspec.Struct, frozen=True):
    """A file that is no log we can read, and why."""

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
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far a run has come; `rate` is requests per second."""

    path: str
    requests: int
    quarantined: int
    rate: float


class _Run:
    """The running state of one ingest."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.builder = SegmentBuilder(writer.workspace.hasher)
        self.accounts: set[str] = set()
        self.indexed = self.quarantined = self.uncommitted = 0

    def take(self, batch: LogBatch) -> None:
        """Take in one batch, and write a segment when enough has come together."""
        self.indexed += batch.records.num_rows
        self.quarantined += len(batch.skipped)
        self.accounts.update(pc.unique(batch.records.column("account")).to_pylist())
        self.builder.add(batch.records, batch.skipped)
        if self.builder.requests >= SEGMENT_REQUESTS or self.builder.bytes >= SEGMENT_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what has been gathered as a segment, if anything."""
        if self.builder.requests == 0 and not self.builder.skipped:
            return
        folder = self.writer.new_folder("segments")
        texts = self.builder.write(folder, with_text=self.writer.workspace.manifest.with_text)
        self.writer.add_segment(folder, self.builder.requests, texts)
        self.uncommitted += self.builder.requests
        self.builder = SegmentBuilder(self.writer.workspace.hasher)


def ingest(
    workspace: Workspace,
    paths: Iterable[Path],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> IngestSummary:
    """Append the requests of log files that are not in the index yet.

    A file that is no log is reported in the summary and the others are read. Raises LogError for
    an unknown format or mapping, IndexLocked while another process writes.
    """
    given_format(format, mapping)
    started = time.monotonic()
    files = known = 0
    unreadable: list[Unreadable] = []
    with workspace.writing() as writer:
        run = _Run(writer)

        def tell(path: Path) -> None:
            elapsed = max(time.monotonic() - started, 1e-9)
            progress(Progress(str(path), run.indexed, run.quarantined, run.indexed / elapsed))

        for path in paths:
            try:
                entry = _identify(path)
                if any(entry.sha256 == other.sha256 for other in writer.inputs):
                    known += 1
                    continue
                before = run.indexed, run.quarantined
                for batch in read(path, source=len(writer.inputs), format=format, mapping=mapping):
                    run.take(batch)
                    tell(path)
            except (LogError, OSError) as error:
                unreadable.append(Unreadable(spelt(path), str(error)))
                continue
            files += 1
            writer.add_input(
                msgspec.structs.replace(
                    entry, records=run.indexed - before[0], quarantined=run.quarantined - before[1]
                )
            )
            if run.uncommitted >= COMMIT_REQUESTS:
                run.flush()
                writer.commit()
                run.uncommitted = 0
        if files:
            run.flush()
            writer.commit()
        generation = writer.workspace.manifest.generation
    return IngestSummary(
        1, generation, files, known, run.indexed + run.quarantined, run.indexed, run.quarantined,
        len(run.accounts - {""}), round(time.monotonic() - started, 3), tuple(unreadable),
    )  # fmt: skip


def _identify(path: Path) -> Input:
    return Input(spelt(path), path.stat().st_size, manifests.digest(path), 0, 0)
