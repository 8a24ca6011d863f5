"""An index made by Spark: logs or a table → segments → repeats left out → one generation.

The segments are those of the local path, in the logs' order, so the index opens with every command
and gives the local report. All of it lies where every executor sees it; what stages leave lies in a
work folder beside the index until the generation is published, all of it or nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from campaigns.kept import software
from cluster import shares
from cluster.reading import Part, Reading, Task, open_lines, open_shares
from cluster.shares import Found
from cluster.stages import ROW, Piece, Stages, joined, packed, spread
from cluster.twice import repeated
from fingerprint.identity import identities
from indexes.errors import writes
from indexes.ingest import IngestSummary, Unreadable
from indexes.manifest import Input
from indexes.rewrite import Chosen, rewrite
from indexes.segment import SegmentReader
from indexes.workspace import Workspace, Writer
from promptlog.reader import given_format

_FILES = 64  # looked at by one task


def index_files(
    spark: SparkSession,
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Append the requests of log files that are not in the index yet, as `indexes.ingest.ingest` does.

    Of logs given at once, only those of equal content are known to be the same: a log and what it has
    grown to since are to be indexed one after the other. Raises LogError for an unknown format.
    """
    given, names, started = (
        given_format(format, mapping),
        [os.path.abspath(path) for path in paths],
        time.monotonic(),
    )
    stats = [os.stat(name) for name in names if os.path.exists(name)]
    what: list[str | bytes] = [
        f"{format} {mapping}",
        *map(os.fsencode, names),
        *(f"{s.st_size} {s.st_mtime_ns}" for s in stats),
    ]
    with workspace.writing() as writer:
        job = _Job(spark, writer, what, progress)
        inputs, task = list(writer.inputs), job.task

        def look(number: int) -> Iterator[Piece]:
            for place in range(number * _FILES, min((number + 1) * _FILES, len(names))):
                yield place, msgspec.json.encode(shares.look(names[place], given, inputs))

        rows = job.stages.rows("logs", lambda: spread(spark, -(-len(names) // _FILES), look))
        found = [msgspec.json.decode(blob, type=Found) for _, blob in rows]
        units = shares.cut(names, found, len(inputs), 2 * spark.sparkContext.defaultParallelism)

        def read(number: int) -> Iterator[Piece]:
            yield number, msgspec.json.encode(task(number).read(open_shares(units[number], given)))

        readings = job.stages.rows("segments", lambda: spread(spark, len(units), read))
        unreadable = [(name, log.reason) for name, log in zip(names, found, strict=True) if log.reason]
        known = sum(not log.content and not log.reason for log in found)
        return job.publish(readings, unreadable, known, started)


def index_table(
    spark: SparkSession,
    workspace: Workspace,
    table: DataFrame,
    *,
    name: str = "table",
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Append the rows of a table, each an entry of a log: a known format, or columns mapped to fields.

    The requests' order is that of the table's partitions; each is an input of its own. A table that
    gives other rows when it is read again may not be indexed.
    """
    given, started = given_format(format, mapping), time.monotonic()
    lines = table.select(F.to_json(F.struct("*")).alias("line"))
    with workspace.writing() as writer:
        job = _Job(spark, writer, [name, f"{format} {mapping}", str(table.semanticHash())], progress)
        before, task = len(writer.inputs), job.task

        def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            context = TaskContext.get()
            assert context is not None
            number = context.partitionId()
            logs = open_lines(f"{name}/{number}", before + number, batches, given)
            yield from packed([(number, msgspec.json.encode(task(number).read(logs)))])

        readings = job.stages.rows("segments", lambda: lines.mapInArrow(read, ROW))
        return job.publish(readings, [], 0, started)


class _Job:
    """One run: its work folder, its stages, and how what they made becomes a generation."""

    def __init__(
        self,
        spark: SparkSession,
        writer: Writer,
        what: Iterable[str | bytes],
        progress: Callable[[str], None],
    ) -> None:
        self.writer, self.root, self.hasher = (
            writer,
            writer.workspace.root.absolute(),
            writer.workspace.hasher,
        )
        digest = hashlib.sha256(writer.workspace.manifest_sha256.encode() + software().encode())
        for each in what:
            digest.update(b"\0" + (each.encode() if isinstance(each, str) else each))
        self.work = work_folder(self.root) / f"index-{digest.hexdigest()[:16]}"
        self.stages = Stages(spark, f"{self.work}/stages", progress)
        with_text = writer.workspace.manifest.with_text
        self.task = partial(Task, self.work / "segments", self.hasher, with_text)

    def publish(
        self, readings: list[tuple[int, bytes]], unreadable: list[tuple[str, str]], known: int, started: float
    ) -> IngestSummary:
        """Leave out what repeats, and publish the segments and how far the logs were read."""
        read = [msgspec.json.decode(blob, type=Reading) for _, blob in readings]
        inputs, again = self._inputs(read)
        parts = self._kept([part for each in read for part in each.parts], again, inputs)
        counted = [e for each in read for source, e in each.inputs if source not in again]
        accounts = np.empty(0, np.uint64)
        if any(entry.records or entry.quarantined for entry in counted):
            self.stages.progress("publishing")
            accounts = self._commit(parts, inputs)
        remove_work(self.work)
        accepted, quarantined = (
            sum(getattr(e, name) for e in counted) for name in ("records", "quarantined")
        )
        indexed = sum(part.requests for part in parts)
        return IngestSummary(
            schema_version=1,
            generation=self.writer.workspace.manifest.generation,
            files=len({source for each in read for source, _ in each.inputs} - again.keys()),
            files_known=known + len(again),
            records_read=accepted + quarantined,
            records_indexed=indexed,
            quarantined=quarantined,
            accounts=len(np.setdiff1d(accounts, identities(pa.array([""]), self.hasher.derive(b"account")))),
            seconds=round(time.monotonic() - started, 3),
            repeated=accepted - indexed,
            unreadable=tuple(
                Unreadable(*e) for e in [*unreadable, *(u for each in read for u in each.unreadable)]
            ),
            waiting=tuple(Unreadable(*w) for each in read for w in each.waiting),
        )

    def _inputs(self, read: Sequence[Reading]) -> tuple[dict[int, Input], dict[int, str]]:
        """Return (how far each source is read now, the path of each whose content is another's)."""
        before = dict(enumerate(self.writer.inputs))
        inputs: dict[int, Input] = {}
        for source, entry in (pair for each in read for pair in each.inputs):
            held = inputs.get(source) or before.get(source) or entry
            if held is not entry:
                entry = msgspec.structs.replace(
                    max(held, entry, key=lambda one: one.offset),
                    path=entry.path,
                    size=entry.size,
                    records=held.records + entry.records,
                    quarantined=held.quarantined + entry.quarantined,
                )
            inputs[source] = entry
        again, seen = {}, {(e.sha256, e.offset): source for source, e in before.items()}
        for source, entry in sorted(inputs.items()):
            first = seen.setdefault((entry.sha256, entry.offset), source)
            if first != source and entry.offset:
                again[source] = entry.path
                inputs[source] = msgspec.structs.replace(entry, records=0, quarantined=0)
        return inputs, again

    def _kept(self, parts: list[Part], again: dict[int, str], inputs: dict[int, Input]) -> list[Part]:
        """Return the parts, those written anew that hold what is in the index or the logs already."""
        spark, work, hasher = self.stages.spark, self.work, self.hasher
        old = [self.root / "segments" / s.name for s in self.writer.workspace.manifest.segments]
        folders = [*old, *(work / "segments" / part.folder for part in parts)]
        total = sum(s.requests for s in self.writer.workspace.manifest.segments) + sum(
            p.requests for p in parts
        )
        drop: dict[int, list[bytes]] = {}
        for number, blob in self.stages.rows("repeats", lambda: repeated(spark, folders, len(old), total)):
            drop.setdefault(number - len(old), []).append(blob)
        sources, paths = np.array(list(again), dtype=np.int32), set(again.values())
        chosen = list(range(len(parts))) if again else sorted(drop)

        def rewritten(place: int) -> Iterator[Piece]:
            part = parts[chosen[place]]
            segment = SegmentReader(work / "segments" / part.folder)
            keep = ~np.isin(segment.requests(["source"]).column(0).to_numpy(), sources)
            keep[joined(drop.get(chosen[place], []), np.int64)] = False
            target = work / "kept" / f"{chosen[place]:05}"
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(exist_ok=True)
            lines = [line for line in segment.skipped if line.path not in paths]
            made = rewrite(target, hasher, [Chosen(segment, keep, lines)])
            name = f"../kept/{target.name}"
            kept = Part(name, made.requests, made.texts) if made else Part("", 0, 0)
            yield chosen[place], msgspec.json.encode(kept)

        changed = self.stages.rows("kept", lambda: spread(spark, len(chosen), rewritten)) if chosen else []
        parts = list(parts)
        for number, blob in changed:
            parts[number] = msgspec.json.decode(blob, type=Part)
        return [part for part in parts if part.folder]

    def _commit(self, parts: Sequence[Part], inputs: Mapping[int, Input]) -> NDArray[np.uint64]:
        """Publish segments and inputs as one generation; return the names of the segments' accounts."""
        accounts = np.empty(0, np.uint64)
        for part in parts:
            folder = self.writer.new_folder("segments")
            with writes(self.root):
                shutil.copytree(self.work / "segments" / part.folder, folder, copy_function=os.link)
                folder.chmod(0o700)
            self.writer.add_segment(folder, part.requests, part.texts)
            accounts = np.union1d(accounts, SegmentReader(folder).accounts)
        for source, entry in sorted(inputs.items()):
            self.writer.put_input(source, entry)
        self.writer.commit()
        return accounts


def work_folder(root: Path) -> Path:
    """Return where the stages of an index leave their results: beside it, since they must not be swept up."""
    folder = root.absolute().with_name(f"{root.name}.spark")
    folder.mkdir(mode=0o700, exist_ok=True)  # it holds texts of the logs
    return folder


def remove_work(work: Path) -> None:
    """Remove what finished stages left."""
    shutil.rmtree(work, ignore_errors=True)
    with contextlib.suppress(OSError):  # something else is in it
        work.parent.rmdir()
