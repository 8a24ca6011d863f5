"""From what the tasks read to one generation: what is in twice is left out, the rest published at once."""

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
from pyspark.sql import SparkSession

from campaigns.kept import software
from cluster.reading import Part, Reading, Task
from cluster.stages import Piece, Stages, joined, spread
from cluster.twice import repeated
from fingerprint.identity import identities
from indexes.errors import writes
from indexes.ingest import IngestSummary, Unreadable
from indexes.manifest import Input
from indexes.rewrite import Chosen, rewrite
from indexes.segment import SegmentReader
from indexes.workspace import Writer


class Job:
    """One run: its work folder, its stages, and how what they made becomes a generation."""

    def __init__(
        self,
        spark: SparkSession,
        writer: Writer,
        what: Iterable[str | bytes],
        progress: Callable[[str], None],
    ) -> None:
        self.writer, self.hasher = writer, writer.workspace.hasher
        self.root = writer.workspace.root.absolute()
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
        remove_work(self.work.parent)
        accepted, quarantined = (
            sum(getattr(e, name) for e in counted) for name in ("records", "quarantined")
        )
        indexed = sum(part.requests for part in parts)
        return IngestSummary(
            schema_version=1,
            generation=self.writer.workspace.manifest.generation,
            files=len(
                {source for each in read for source, entry in each.inputs if entry.offset} - again.keys()
            ),
            files_known=known + len(again),
            records_read=accepted + quarantined,
            records_indexed=indexed,
            quarantined=quarantined,
            accounts=len(np.setdiff1d(accounts, identities(pa.array([""]), self.hasher.derive(b"account")))),
            seconds=round(time.monotonic() - started, 3),
            repeated=accepted - indexed,
            unreadable=tuple(
                Unreadable(*e)
                for e in dict.fromkeys([*unreadable, *(u for each in read for u in each.unreadable)])
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


def remove_work(folder: Path) -> None:
    """Remove what stages left that made an index, also in runs that ended before; the write lock is held."""
    for work in folder.glob("index-*"):
        shutil.rmtree(work, ignore_errors=True)
    with contextlib.suppress(OSError):  # something else is in it
        folder.rmdir()
