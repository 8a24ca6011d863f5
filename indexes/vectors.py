"""Search by meaning: the prompts whose vectors are nearest to a query's.

A set of vectors is written once and never added to:

    vectors.npy    (n, d) int8 vectors, see `cells`
    prompts.npy    (n,) uint64, the keyed canonical hash of the prompt that each row stands for
    centres.npy    above FLAT_ROWS rows: (c, d) float32 unit centres of the cells
    cells.npy      with them: (c + 1,) int64, where each cell's rows begin

All of it is plain arrays, mapped and not loaded: a file that names another file, as a `.faiss` can,
is never read. Vectors of two models are never compared: a search opens its own model's sets.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding import Encoder, Vectors
from indexes import cells
from indexes.cells import Codes, Floats
from indexes.durable import NewFile, new_file
from indexes.errors import IndexDamaged, NoVectors, SettingsMismatch
from indexes.manifest import VectorSet
from indexes.nearest import Read
from indexes.workspace import Workspace

Hashes = NDArray[np.uint64]

FIXED_TEXT = ", fixed text of templates"
"""What the name of a model ends in whose vectors are of the fixed text of the prompts they stand for."""

FLAT_ROWS = 20_000
NOTHING = np.float32(-np.inf)  # the cosine that fills up a row of results

_PROBED = 48  # cells that a query reads
_ROWS_AT_ONCE = 1 << 16


def write_vectors(
    folder: Path,
    vectors: NDArray[Any],
    prompts: Hashes,
    encoder: Encoder,
    *,
    centres: Floats | None = None,
) -> VectorSet:
    """Write a new set into a new folder; return its entry for `Writer.add_vectors`.

    vectors: (n, d) floating point of length 1 (or 0: resembles nothing), or int8 as
    `cells.quantised` makes them. prompts: (n,) uint64, all different. centres: those of another
    set, used if they serve. Raises ValueError, or FileExistsError for an existing folder.
    """
    _check(vectors, prompts, encoder.dimensions)
    codes = vectors if vectors.dtype == np.int8 else cells.quantised(vectors)
    _write(folder, codes, prompts, centres)
    return VectorSet(folder.name, len(vectors), encoder.name, encoder.sha256, encoder.dimensions)


def without(workspace: Workspace, one: VectorSet, prompts: Hashes, folder: Path) -> VectorSet | None:
    """Write a set anew without the vectors of some prompts; None, and no folder, when none is left."""
    old = _load(workspace, one)
    kept = np.flatnonzero(~np.isin(old.prompts, prompts))
    if len(kept) == 0:
        return None
    _write(folder, old.codes[kept], old.prompts[kept], old.centres)
    return msgspec.structs.replace(one, name=folder.name, vectors=len(kept))


def merged(workspace: Workspace, sets: Sequence[VectorSet], folder: Path) -> VectorSet:
    """Write some sets of one model as one; a prompt that several hold keeps its first vector."""
    loaded = [_load(workspace, one) for one in sets]
    prompts = np.concatenate([one.prompts for one in loaded])
    kept = np.sort(np.unique(prompts, return_index=True)[1])
    with_centres = [one.centres for one in loaded if one.centres is not None]
    codes = np.concatenate([one.codes for one in loaded])[kept]
    _write(folder, codes, prompts[kept], max(with_centres, key=len, default=None))
    return msgspec.structs.replace(sets[0], name=folder.name, vectors=len(kept))


def fixed_text_sha256(sha256: str) -> str:
    """Return what vectors of fixed text are known by: a prompt may have one beside that of its whole text."""
    return hashlib.sha256(f"{sha256} fixed text".encode()).hexdigest()


def holds_any(workspace: Workspace, one: VectorSet, prompts: Hashes) -> bool:
    """Return whether a set has a vector of some prompts."""
    return bool(np.isin(_array(workspace, one, "prompts"), prompts).any())


def centres_of(workspace: Workspace, sha256: str) -> Floats | None:
    """Return the centres of a model's largest set, for the next one: k-means is for the first."""
    sets = [_load(workspace, one) for one in workspace.manifest.vectors if one.model_sha256 == sha256]
    return max((one.centres for one in sets if one.centres is not None), key=len, default=None)


def embedded(workspace: Workspace, sha256: str) -> Hashes:
    """Return the prompts that have a vector of a model's, set by set."""
    sets = [one for one in workspace.manifest.vectors if one.model_sha256 == sha256]
    return np.concatenate([np.empty(0, np.uint64), *(_array(workspace, one, "prompts") for one in sets)])


def stored(workspace: Workspace, model: str, prompts: Hashes) -> tuple[NDArray[np.int64], Read]:
    """Return (places, read): which of some prompts have a vector of a model, and what reads those vectors.

    prompts: (n,) uint64, all different. Of models of one name, the one that was used last. Vectors stay on
    disk: read(i) gives those of prompts[places[i]].
    """
    named = [one for one in workspace.manifest.vectors if one.model == model]
    sets = [_load(workspace, one) for one in named if one.model_sha256 == named[-1].model_sha256]
    order = np.argsort(prompts, kind="stable")
    ascending = np.append(prompts[order], np.uint64(0))  # one more, for what comes after all
    owner = np.full(len(prompts), -1, dtype=np.int32)
    row = np.zeros(len(prompts), dtype=np.int64)
    for number, one in enumerate(sets):
        at = np.searchsorted(ascending[:-1], one.prompts)
        mine = np.flatnonzero((ascending[at] == one.prompts) & (at < len(prompts)))
        owner[order[at[mine]]], row[order[at[mine]]] = number, mine
    places = np.flatnonzero(owner >= 0)
    owner, row = owner[places], row[places]

    def read(numbers: NDArray[np.int64]) -> Codes:
        codes = np.empty((len(numbers), sets[0].codes.shape[1]), dtype=np.int8)
        for number, one in enumerate(sets):
            mine = np.flatnonzero(owner[numbers] == number)
            codes[mine] = one.codes[row[numbers[mine]]]
        return codes

    return places, read


def _write(folder: Path, codes: Codes, prompts: Hashes, centres: Floats | None) -> None:
    folder.mkdir(mode=0o700)
    order = np.arange(len(codes))
    if len(codes) > FLAT_ROWS:
        if centres is None or not cells.fit(centres, len(codes)):
            centres = cells.centres_for(codes)
        order, starts = cells.divided(codes, centres)
        _save(folder, "centres", centres)
        _save(folder, "cells", starts)
    _save(folder, "prompts", prompts[order])
    with new_file(folder / "vectors.npy") as stream:
        _save_rows(stream, codes, order)


def _save(folder: Path, name: str, values: NDArray[Any]) -> None:
    with new_file(folder / f"{name}.npy") as stream:
        np.save(stream, values, allow_pickle=False)


def _save_rows(stream: NewFile, codes: Codes, order: NDArray[np.int64]) -> None:
    """Write codes[order] as `np.save` does, some rows at a time."""
    header = {"descr": "|i1", "fortran_order": False, "shape": codes.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for first in range(0, len(order), _ROWS_AT_ONCE):
        stream.write(np.ascontiguousarray(codes[order[first : first + _ROWS_AT_ONCE]]))


@dataclass(frozen=True)
class VectorIndex:
    """All vector sets of one model in one generation. Searches may run side by side."""

    sets: tuple[_Set, ...]
    dimensions: int

    @classmethod
    def open(cls, workspace: Workspace, encoder: Encoder) -> VectorIndex:
        """Verify and map the sets that `encoder` is to be compared with.

        Raises NoVectors, SettingsMismatch where all sets were made with other models, or
        IndexDamaged for a file that is not what the manifest says.
        """
        described = workspace.manifest.vectors
        if not described:
            raise NoVectors(f"{workspace.root} holds no embeddings; embed its prompts first")
        ours = (encoder.name, encoder.sha256, encoder.dimensions)
        fixed = (encoder.name + FIXED_TEXT, fixed_text_sha256(encoder.sha256), encoder.dimensions)
        mine = [one for one in described if (one.model, one.model_sha256, one.dimensions) in (ours, fixed)]
        if not mine:
            one = described[0]
            raise SettingsMismatch(
                f"the vectors {workspace.root / 'vectors' / one.name} were made with the model {one.model} "
                f"(SHA-256 {one.model_sha256[:12]}), not with {encoder.name} ({encoder.sha256[:12]}); "
                "search with that model, or embed the prompts anew"
            )
        return cls(tuple(_load(workspace, one) for one in mine), encoder.dimensions)

    def __len__(self) -> int:
        return sum(len(one.prompts) for one in self.sets)

    def search(self, queries: Vectors, k: int, *, probed: int = _PROBED) -> tuple[Hashes, Vectors]:
        """Return (hashes, cosines), (q, k) each, best first, ties by hash.

        queries: (q, d) unit vectors. probed: cells of each set that are read. A prompt in several
        sets appears once, at its best. Rows with fewer than k prompts end in hash 0 with cosine
        -inf. Raises ValueError.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.dimensions or k < 1:
            raise ValueError(f"queries are (q, {self.dimensions}) and k is positive: {queries.shape}, {k}")
        if not _are_unit(queries):
            raise ValueError("queries must be unit vectors")
        hashes = np.zeros((len(queries), k), dtype=np.uint64)
        scores = np.full((len(queries), k), NOTHING, dtype=np.float32)
        chosen = [one.cells_near(queries, probed) for one in self.sets]

        def answer(row: int) -> None:
            found = [
                one.near(queries[row], near[row], k) for one, near in zip(self.sets, chosen, strict=True)
            ]
            best, cosines = _best([h for h, _ in found], [c for _, c in found], k)
            hashes[row, : len(best)], scores[row, : len(best)] = best, cosines

        if len(queries) == 1:
            answer(0)
        else:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                list(pool.map(answer, range(len(queries))))
        return hashes, scores


@dataclass(frozen=True)
class _Set:
    """One mapped set. starts: where each cell's rows begin; a small set is one cell."""

    codes: Codes
    prompts: Hashes
    centres: Floats | None
    starts: NDArray[np.int64]

    def cells_near(self, queries: Vectors, probed: int) -> NDArray[np.int64]:
        """Return the (q, cells) to be read for each query."""
        if self.centres is None:
            return np.zeros((len(queries), 1), dtype=np.int64)
        return cells.nearest_cells(queries, self.centres, probed)

    def near(self, query: Vectors, chosen: NDArray[np.int64], k: int) -> tuple[Hashes, Vectors]:
        """Return the k best of the chosen cells, and what ties with the last of them."""
        rows, found = cells.cosines(query, self.codes, self.starts[chosen], self.starts[chosen + 1])
        if len(found) > k:
            kept = found >= np.partition(found, len(found) - k)[len(found) - k]
            rows, found = rows[kept], found[kept]
        return self.prompts[rows], np.minimum(found, np.float32(1))


def _best(hashes: list[Hashes], cosines: list[Vectors], k: int) -> tuple[Hashes, Vectors]:
    """Merge one query's candidates: the k best different prompts, ties by hash."""
    found, scores = np.concatenate(hashes), np.concatenate(cosines)
    order = np.lexsort((found, -scores))
    _, first = np.unique(found[order], return_index=True)
    kept = order[np.sort(first)[:k]]
    return found[kept], scores[kept]


def _load(workspace: Workspace, one: VectorSet) -> _Set:
    with_cells = one.vectors > FLAT_ROWS and any(
        file.path == f"vectors/{one.name}/centres.npy" for file in workspace.manifest.files
    )
    names = ("vectors", "prompts", *(("centres", "cells") if with_cells else ()))
    workspace.checked(*(workspace.root / "vectors" / one.name / f"{name}.npy" for name in names))
    codes, prompts, *rest = (_array(workspace, one, name) for name in names)
    centres, starts = rest or (None, np.array([0, one.vectors]))
    fits = codes.shape == (one.vectors, one.dimensions) and prompts.shape == (one.vectors,)
    if centres is not None:
        fits &= starts.ndim == 1 and centres.shape == (len(starts) - 1, one.dimensions)
        fits &= centres.dtype == np.float32
        fits = fits and starts.dtype == np.int64 and starts[0] == 0 and starts[-1] == one.vectors
        fits = fits and bool(np.all(np.diff(starts) >= 0))
    if not fits or codes.dtype != np.int8 or prompts.dtype != np.uint64:
        raise IndexDamaged(
            f"{workspace.root / 'vectors' / one.name} does not hold what its manifest says",
            mend=f"run: promptprint verify --index {workspace.root}",
        )
    return _Set(codes, prompts, centres, starts)


def _array(workspace: Workspace, one: VectorSet, name: str) -> NDArray[Any]:
    path = workspace.root / "vectors" / one.name / f"{name}.npy"
    workspace.checked(path)
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError as error:
        mend = f"run: promptprint verify --index {workspace.root}"
        raise IndexDamaged(f"{path} is damaged: {error}", mend) from None


def _check(vectors: NDArray[Any], prompts: Hashes, dimensions: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != dimensions or not len(vectors):
        raise ValueError(f"vectors are (n, {dimensions}) with n > 0, not {vectors.shape}")
    if vectors.dtype != np.int8 and not (vectors.dtype in (np.float16, np.float32) and _are_unit(vectors)):
        raise ValueError("vectors are float16 or float32 and have length 1, or int8")
    if (
        prompts.dtype != np.uint64
        or prompts.shape != vectors.shape[:1]
        or len(np.unique(prompts)) < len(prompts)
    ):
        raise ValueError("prompts are one uint64 hash for each vector, all different")


def _are_unit(vectors: NDArray[np.floating[Any]]) -> bool:
    """Return whether every length is 1 or 0, as near as float16 comes to it."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float32))
    return bool(np.all((np.abs(lengths - 1) < 2e-3) | (lengths == 0)))
