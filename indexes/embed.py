"""Embeddings of an index: made once per prompt, searched by meaning."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding import Encoder
from indexes.errors import WorkspaceError, writes
from indexes.search import Neighbours
from indexes.snapshot import Snapshot
from indexes.vectors import VectorIndex, write_vectors
from indexes.workspace import Workspace

_BATCH = 256
_COMMIT = 8192  # some minutes' work for a transformer; more is not lost to a crash


def embed_prompts(
    snapshot: Snapshot,
    prompts: NDArray[np.int64],
    encoder: Encoder,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Add the embeddings of prompts that have none yet as a new generation; return how many.

    prompts: (n,) prompt numbers of the snapshot. Raises WorkspaceError in an index without texts.
    """
    if not snapshot.workspace.manifest.with_text:
        raise WorkspaceError(f"{snapshot.workspace.root} keeps no texts, so nothing can be embedded")
    new = prompts[~np.isin(snapshot.canonical[prompts], _embedded(snapshot.workspace, encoder))]
    if len(new) == 0:
        return 0
    for start in range(0, len(new), _COMMIT):
        _embed(snapshot, new[start : start + _COMMIT], encoder, partial(_tell, progress, start, len(new)))
    return len(new)


def _tell(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _embed(
    snapshot: Snapshot, prompts: NDArray[np.int64], encoder: Encoder, progress: Callable[[int], None]
) -> None:
    """Embed some prompts and publish them as one set."""
    vectors = []
    for start in range(0, len(prompts), _BATCH):
        vectors.append(encoder.encode(snapshot.read_prompts(prompts[start : start + _BATCH])))
        progress(min(start + _BATCH, len(prompts)))
    with snapshot.workspace.writing() as writer:
        folder = writer.new_folder("vectors")
        hashes = snapshot.canonical[prompts]
        with writes(snapshot.workspace.root):
            new = write_vectors(folder, np.concatenate(vectors), hashes, encoder)
        writer.add_vectors(new)
        writer.commit()


def neighbours(snapshot: Snapshot, encoder: Encoder) -> Neighbours:
    """Return the search by meaning of a snapshot. Raises NoVectors or SettingsMismatch."""
    index = VectorIndex.open(snapshot.workspace, encoder)

    def near(text: str, count: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        hashes, cosines = (found[0] for found in index.search(encoder.encode([text]), count))
        there = np.isfinite(cosines)
        return hashes[there], cosines[there]

    return near


def _embedded(workspace: Workspace, encoder: Encoder) -> NDArray[np.uint64]:
    """Return the canonical hashes that have a vector of this encoder's model."""
    sets = [v for v in workspace.manifest.vectors if v.model_sha256 == encoder.sha256]
    paths = [workspace.root / "vectors" / v.name / "prompts.npy" for v in sets]
    workspace.checked(*paths)
    return np.concatenate([np.empty(0, np.uint64), *(np.load(p, allow_pickle=False) for p in paths)])
