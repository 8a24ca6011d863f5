"""Small logs and indexes for the experiments: the demo's traffic, with its planted campaigns."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

import demo
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.vectors import write_vectors
from indexes.workspace import Workspace

KEY = bytes(range(32))


class Model:
    """What a set of vectors says of its model."""

    name, sha256, dimensions = "made up", "0" * 64, 16


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
    """Give every prompt of an index a vector."""
    workspace = Workspace.open(root)
    prompts = Snapshot(workspace).canonical
    vectors = np.random.default_rng(1).standard_normal((len(prompts), Model.dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with workspace.writing() as writer:
        writer.add_vectors(write_vectors(writer.new_folder("vectors"), vectors, prompts, Model()))  # type: ignore[arg-type]
        writer.commit()


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory, in memory where there is such a place: nothing here needs a real disk."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="promptprint-faults-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
