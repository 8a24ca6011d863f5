"""Shares of logs, or partitions of a table, into segments of the index's own format.

A task writes its segments into a folder of its own and moves them into place when they are whole: of
two attempts at one task one wins, and both would have written the same bytes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from cluster.shares import Share
from fingerprint.minhash import MinHasher
from indexes.ingest import SEGMENT_BYTES, SEGMENT_REQUESTS, SEGMENT_SKIPPED, read_on, why_waiting
from indexes.manifest import Input
from indexes.segment_writer import SegmentBuilder
from promptlog.containers import Container
from promptlog.content import Content
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.reader import ALL, Log, opened
from promptlog.walk import spelt

_BLOCK = 2 << 20


class Part(msgspec.Struct, frozen=True):
    """One written segment: its folder below the work folder."""

    folder: str
    requests: int
    texts: int


class Reading(msgspec.Struct, frozen=True):
    """What one task read: of each source what was added, and what could not be read."""

    parts: list[Part] = []
    inputs: list[tuple[int, Input]] = []
    unreadable: list[tuple[str, str]] = []
    waiting: list[tuple[str, str]] = []


@dataclass
class Task:
    """Writes segments below `folder`, numbered by the task."""

    folder: Path
    hasher: MinHasher
    with_text: bool
    number: int

    def read(self, logs: Iterable[tuple[Share, AbstractContextManager[Log]]]) -> Reading:
        """Read what is to be read of some logs, in their order."""
        mine = self.folder / f"tmp-{self.number:05}-{secrets.token_hex(8)}"
        mine.mkdir(parents=True)
        self._mine, self._builder = mine, SegmentBuilder(self.hasher)
        done = Reading([], [], [], [])
        for share, log in logs:
            self._share(share, log, done)
        self._close(done)
        with contextlib.suppress(OSError):  # another attempt was faster
            os.rename(mine, self.folder / f"{self.number:05}")
        shutil.rmtree(mine, ignore_errors=True)
        return done

    def _share(self, share: Share, log: AbstractContextManager[Log], done: Reading) -> None:
        path = spelt(share.path)
        entry = Input(path, share.size, "", 0, 0)
        try:
            with log as opened_log:
                for batch in opened_log.batches(share.source, share.part):
                    if batch.waiting is not None:
                        done.waiting.append((path, why_waiting(batch.waiting)))
                    if batch.after is not None and batch.lines:
                        entry = read_on(entry, opened_log, batch)
                        self._builder.add(batch.records, batch.skipped)
                        self._cut(done)
                for remark in opened_log.content.remarks:
                    done.unreadable.append((path, f"{path}: {remark}"))
        except (LogError, OSError) as error:
            done.unreadable.append((path, str(error)))
        done.inputs.append((share.source, entry))

    def _cut(self, done: Reading) -> None:
        builder = self._builder
        full = builder.requests >= SEGMENT_REQUESTS or builder.bytes >= SEGMENT_BYTES
        if full or len(builder.skipped) >= SEGMENT_SKIPPED:
            self._close(done)

    def _close(self, done: Reading) -> None:
        builder, name = self._builder, f"{len(done.parts):03}"
        self._builder = SegmentBuilder(self.hasher)
        if builder.requests or builder.skipped:
            requests = builder.requests
            texts = builder.write(self._mine / name, with_text=self.with_text)
            done.parts.append(Part(f"{self.number:05}/{name}", requests, texts))


def open_shares(
    shares: Sequence[Share], given: LogFormat | None
) -> Iterator[tuple[Share, AbstractContextManager[Log]]]:
    """Yield each share with its log, to be opened where the index has read to."""
    for share in shares:
        marks = [share.mark] if share.mark else []
        yield share, opened(share.path, given, lambda _, marks=marks: marks)  # type: ignore[misc]


def open_lines(
    name: str, source: int, lines: Iterator[pa.RecordBatch], given: LogFormat | None
) -> Iterator[tuple[Share, AbstractContextManager[Log]]]:
    """Yield a partition of a table, whose rows are lines of JSON, as a log."""
    log = Log(name, Container.PLAIN, Content(_blocks(lines)), given)
    yield Share(name, source, 0, None, ALL), contextlib.nullcontext(log)


def _blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for batch in batches:
        column: Any = batch.column(0)
        for line in column:
            held.append(line.as_buffer().to_pybytes())
            size += len(held[-1]) + 1
            if size >= _BLOCK:
                yield b"\n".join([*held, b""])
                held, size = [], 0
    yield b"\n".join([*held, b""]) if held else b""
