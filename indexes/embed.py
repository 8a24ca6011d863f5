"""Embeddings of an index: made once per prompt, searched by meaning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding import BULK_AT_ONCE, BULK_MODEL, WHOLE_MODEL, Encoder
from fingerprint.threads import on_all_cores
from indexes import cells
from indexes.candidates import spelt_alike
from indexes.errors import WorkspaceError, writes
from indexes.search import Neighbours, Reorder
from indexes.senders import first_spellings
from indexes.snapshot import Snapshot
from indexes.vectors import FIXED_TEXT, VectorIndex, centres_of, embedded, fixed_text_sha256, write_vectors
from indexes.workspace import Workspace

_COMMIT = 1 << 20  # vectors of a set: half a gigabyte in memory
_SLOW_BATCH, _SLOW_COMMIT = 256, 8192  # some minutes' work for a transformer: no more is lost to a crash
LEAST = {BULK_MODEL: 0.5, WHOLE_MODEL: 0.5}
"""The cosine below which a model calls nothing similar."""
LEAST_OTHERWISE = 0.45
"""With MiniLM unrelated prompts lie around .1; questions about one matter above about .4."""


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
    new = prompts[~np.isin(snapshot.canonical[prompts], embedded(snapshot.workspace, encoder.sha256))]
    commit = _COMMIT if encoder.name == BULK_MODEL else _SLOW_COMMIT
    for start in range(0, len(new), commit):
        _embed(snapshot, new[start : start + commit], encoder, partial(_tell, progress, start, len(new)))
    return len(new)


def embed_fixed_texts(
    snapshot: Snapshot, prompts: NDArray[np.int64], texts: Sequence[str], encoder: Encoder
) -> int:
    """Add vectors of the fixed texts of some prompts, which a search finds those by; return how many.

    prompts: (n,) prompt numbers, one for each text. What stands for a template already is left out.
    """
    sha256 = fixed_text_sha256(encoder.sha256)
    _, first = np.unique(prompts, return_index=True)
    new = first[~np.isin(snapshot.canonical[prompts[first]], embedded(snapshot.workspace, sha256))]
    if len(new):
        codes = cells.quantised(encoder.encode([texts[i] for i in new.tolist()]))
        _publish(snapshot, codes, prompts[new], encoder, model=encoder.name + FIXED_TEXT, model_sha256=sha256)
    return len(new)


def worth_embedding(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the prompts that show anything, ascending: what the bulk encoder is for."""
    return np.flatnonzero(snapshot.tokens > 0)


def _tell(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _embed(
    snapshot: Snapshot, prompts: NDArray[np.int64], encoder: Encoder, progress: Callable[[int], None]
) -> None:
    """Embed some prompts and publish them as one set."""
    codes = np.empty((len(prompts), encoder.dimensions), dtype=np.int8)
    in_turn, done = Lock(), 0

    def embed(first: int, batch: int) -> None:
        nonlocal done
        some = slice(first, first + batch)
        with in_turn:
            texts = snapshot.read_prompts(prompts[some])
        codes[some] = cells.quantised(encoder.encode(texts))
        with in_turn:
            done += len(texts)
            progress(done)

    if encoder.name == BULK_MODEL:
        on_all_cores(partial(embed, batch=BULK_AT_ONCE), range(0, len(prompts), BULK_AT_ONCE))
    else:  # torch has threads of its own
        for first in range(0, len(prompts), _SLOW_BATCH):
            embed(first, _SLOW_BATCH)
    _publish(snapshot, codes, prompts, encoder)


def _publish(
    snapshot: Snapshot, codes: cells.Codes, prompts: NDArray[np.int64], encoder: Encoder, **other: str
) -> None:
    """Write a set of vectors, under the encoder's name or another, and publish it."""
    with snapshot.workspace.writing() as writer:
        folder = writer.new_folder("vectors")
        with writes(snapshot.workspace.root):
            centres = centres_of(writer.workspace, encoder.sha256)
            new = write_vectors(folder, codes, snapshot.canonical[prompts], encoder, centres=centres)
        writer.add_vectors(msgspec.structs.replace(new, **other))
        writer.commit()


def neighbours(workspace: Workspace, encoder: Encoder) -> Neighbours:
    """Return the search by meaning of an index. Raises NoVectors or SettingsMismatch."""
    index = VectorIndex.open(workspace, encoder)

    def near(text: str, count: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        hashes, cosines = (found[0] for found in index.search(encoder.encode([text]), count))
        alike = cosines >= LEAST.get(encoder.name, LEAST_OTHERWISE)
        return hashes[alike], cosines[alike]

    return near


def reordered(snapshot: Snapshot, encoder: Encoder) -> Reorder:
    """Return what compares prompts with a text once more, by a slower encoder's cosines."""

    def again(text: str, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        texts = snapshot.read_texts(first_spellings(snapshot, *spelt_alike(snapshot, hashes)))
        vectors = encoder.encode([text, *texts])
        cosines = np.asarray(vectors[1:] @ vectors[0])
        order = np.lexsort((hashes, -cosines))
        alike = order[cosines[order] >= LEAST.get(encoder.name, LEAST_OTHERWISE)]
        return hashes[alike], cosines[alike]

    return again
