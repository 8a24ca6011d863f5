"""Small logs and indexes for the experiments: the demo's traffic, with its planted campaigns."""

from __future__ import annotations

import json
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import demo
from indexes.embed import embed_prompts
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

KEY = bytes(range(32))


class Model:
    """An encoder by which a text resembles itself and nothing else."""

    name, sha256, dimensions = "made up", "0" * 64, 16

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit vector for each text, drawn from its hash."""
        seeds = [zlib.crc32(text.encode()) for text in texts]
        rows = [np.random.default_rng(seed).standard_normal(self.dimensions) for seed in seeds]
        vectors = np.array(rows, dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@cache
def rows(count: int) -> tuple[dict, ...]:  # type: ignore[type-arg]
    """Return so many requests of the demo's log, evenly chosen."""
    found = demo.build().requests
    return tuple(found[:: max(1, len(found) // count)][:count])


def lines(count: int) -> list[bytes]:
    """Return so many lines of the demo's log."""
    return [json.dumps(row).encode() + b"\n" for row in rows(count)]


def write(path: Path, content: Sequence[bytes]) -> Path:
    """Write a log."""
    path.write_bytes(b"".join(content))
    return path


def append(root: Path, *logs: Path) -> Workspace:
    """Run what `promptprint index` runs; return the new generation."""
    ingest(Workspace.open_or_create(root, key=KEY), logs)
    return Workspace.open(root)


def embed(root: Path) -> None:
    """Give every prompt of an index a vector, as `promptprint index --embed all` does."""
    snapshot = Snapshot(Workspace.open(root))
    embed_prompts(snapshot, np.arange(len(snapshot.canonical)), Model())


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory, in memory where there is such a place: nothing here needs a real disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="promptprint-faults-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
