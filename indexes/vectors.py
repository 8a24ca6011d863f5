"""Search by meaning: the prompts whose embeddings are nearest to a query's.

A set of vectors is written once and never added to (adding during a search crashes HNSW):

    vectors.npy    (n, d) float16 or float32 unit vectors
    prompts.npy    (n,) uint64, the keyed canonical hash of the prompt that each row stands for
    index.faiss    above FLAT_ROWS rows: a graph over 8-bit codes (Malkov and Yashunin 2016,
                   "Hierarchical Navigable Small World graphs"); ids are rows

FAISS only proposes rows. Their cosines are then computed from vectors.npy, so coarse codes cost
recall but never a wrong similarity. A `.faiss` file has no checksum and can name other files:
it is read only after its bytes have the manifest's SHA-256.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding import Encoder, Vectors
from indexes.durable import new_file
from indexes.errors import IndexDamaged, NoVectors, SettingsMismatch
from indexes.manifest import VectorSet
from indexes.workspace import Workspace

Hashes = NDArray[np.uint64]

FLAT_ROWS = 20_000
NOTHING = np.float32(-np.inf)  # the cosine that fills up a row of results

_GRAPH = "HNSW32,SQ8"
_GRAPH_MAGIC = b"IHNs"
_CONSTRUCTION = 100  # the default of 40 leaves some tight clusters out of reach
_PER_RESULT, _AT_LEAST = 4, 100  # rows proposed: for k results, and in any case
_DTYPES = (np.float16, np.float32)
_ALTERED = "is not the file that the manifest names; restore it, or embed the prompts anew"
_ROWS_AT_ONCE = 1 << 16
_FLOATS_AT_ONCE = 1 << 24


def write_vectors(
    folder: Path, vectors: NDArray[np.floating[Any]], prompts: Hashes, encoder: Encoder
) -> VectorSet:
    """Write a new set into a new folder; return its entry for `Writer.add_vectors`.

    vectors: (n, d) float16 or float32, of length 1 (or 0: resembles nothing), stored as they
    are. prompts: (n,) uint64, all different. Raises ValueError, or FileExistsError for an
    existing folder.
    """
    _check(vectors, prompts, encoder.dimensions)
    _write(folder, vectors, prompts)
    return VectorSet(folder.name, len(vectors), encoder.name, encoder.sha256, encoder.dimensions)


def without(workspace: Workspace, one: VectorSet, prompts: Hashes, folder: Path) -> VectorSet | None:
    """Write a set anew without the vectors of some prompts; None, and no folder, when none is left."""
    vectors, mine = (_array(workspace, f"vectors/{one.name}/{name}.npy") for name in ("vectors", "prompts"))
    kept = ~np.isin(mine, prompts)
    if not kept.any():
        return None
    _write(folder, vectors[kept], mine[kept])
    return msgspec.structs.replace(one, name=folder.name, vectors=int(kept.sum()))


def holds_any(workspace: Workspace, one: VectorSet, prompts: Hashes) -> bool:
    """Return whether a set has a vector of some prompts."""
    return bool(np.isin(_array(workspace, f"vectors/{one.name}/prompts.npy"), prompts).any())


def _write(folder: Path, vectors: NDArray[np.floating[Any]], prompts: Hashes) -> None:
    folder.mkdir(mode=0o700)
    with new_file(folder / "vectors.npy") as stream:
        np.save(stream, vectors, allow_pickle=False)
    with new_file(folder / "prompts.npy") as stream:
        np.save(stream, prompts, allow_pickle=False)
    if len(vectors) > FLAT_ROWS:
        faiss, graph = _faiss(), _build_graph(vectors)
        with new_file(folder / "index.faiss") as stream:
            faiss.write_index(graph, faiss.PyCallbackIOWriter(stream.write))


@dataclass(frozen=True)
class VectorIndex:
    """All vector sets of one generation. Searches may run side by side."""

    sets: tuple[_Set, ...]
    dimensions: int

    @classmethod
    def open(cls, workspace: Workspace, encoder: Encoder) -> VectorIndex:
        """Verify and load the sets that `encoder` is to be compared with.

        Raises NoVectors, SettingsMismatch for another model than the sets were made with, or
        IndexDamaged for a file that is not what the manifest says.
        """
        described = workspace.manifest.vectors
        if not described:
            raise NoVectors(f"{workspace.root} holds no embeddings; embed its prompts first")
        for one in described:
            _require_model(workspace, one, encoder)
        return cls(tuple(_load(workspace, one) for one in described), encoder.dimensions)

    def __len__(self) -> int:
        return sum(len(one.prompts) for one in self.sets)

    def search(self, queries: Vectors, k: int) -> tuple[Hashes, Vectors]:
        """Return (hashes, cosines), (q, k) each, best first, ties by hash.

        queries: (q, d) unit vectors. A prompt in several sets appears once, at its best. Rows
        with fewer than k prompts end in hash 0 with cosine -inf. Raises ValueError.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if queries.ndim != 2 or queries.shape[1] != self.dimensions or k < 1:
            raise ValueError(f"queries are (q, {self.dimensions}) and k is positive: {queries.shape}, {k}")
        if not _are_unit(queries):
            raise ValueError("queries must be unit vectors")
        hashes = np.zeros((len(queries), k), dtype=np.uint64)
        cosines = np.full((len(queries), k), NOTHING, dtype=np.float32)
        found = [one.propose(queries, k) for one in self.sets]
        for row in range(len(queries)):
            best, scores = _best([h[row] for h, _ in found], [c[row] for _, c in found], k)
            hashes[row, : len(best)], cosines[row, : len(best)] = best, scores
        return hashes, cosines


@dataclass(frozen=True)
class _Set:
    """One loaded set; `vectors` is a read-only map of the file, `index` a FAISS index."""

    vectors: NDArray[np.floating[Any]]
    prompts: Hashes
    index: Any

    def propose(self, queries: Vectors, k: int) -> tuple[Hashes, Vectors]:
        """Return (q, c) hashes and exact cosines of c candidates, NOTHING where missing."""
        count = min(len(self.prompts), max(_PER_RESULT * k, _AT_LEAST))
        rows = self._rows(queries, count)
        cosines = np.empty(rows.shape, dtype=np.float32)
        step = max(1, _FLOATS_AT_ONCE // (count * queries.shape[1]))
        for first in range(0, len(queries), step):
            some = slice(first, first + step)
            near = self.vectors[rows[some]].astype(np.float32)
            # Not a matrix product: there, a cosine's last digits depend on its neighbours.
            cosines[some] = np.einsum("qd,qcd->qc", queries[some], near)
        np.clip(cosines, -1, 1, out=cosines)
        cosines[rows < 0] = NOTHING
        return self.prompts[rows], cosines

    def _rows(self, queries: Vectors, count: int) -> NDArray[np.int64]:
        faiss = _faiss()
        effort = None
        if isinstance(self.index, faiss.IndexHNSW):
            effort = faiss.SearchParametersHNSW(efSearch=2 * count)
        return np.asarray(self.index.search(queries, count, params=effort)[1])


def _best(hashes: list[Hashes], cosines: list[Vectors], k: int) -> tuple[Hashes, Vectors]:
    """Merge one query's candidates: the k best different prompts, ties by hash."""
    merged, scores = np.concatenate(hashes), np.concatenate(cosines)
    order = np.lexsort((merged, -scores))
    order = order[scores[order] > NOTHING]
    _, first = np.unique(merged[order], return_index=True)
    kept = order[np.sort(first)[:k]]
    return merged[kept], scores[kept]


def _build_graph(vectors: NDArray[np.floating[Any]]) -> Any:
    faiss = _faiss()
    graph = faiss.index_factory(vectors.shape[1], _GRAPH, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = _CONSTRUCTION
    stride = -(-len(vectors) // _ROWS_AT_ONCE)
    graph.train(np.ascontiguousarray(vectors[::stride], dtype=np.float32))
    return _add(graph, vectors)


def _add(index: Any, vectors: NDArray[np.floating[Any]]) -> Any:
    for first in range(0, len(vectors), _ROWS_AT_ONCE):
        index.add(np.ascontiguousarray(vectors[first : first + _ROWS_AT_ONCE], dtype=np.float32))
    return index


def _load(workspace: Workspace, one: VectorSet) -> _Set:
    hashes = {file.path: file.sha256 for file in workspace.manifest.files}
    prefix, graph = f"vectors/{one.name}/", f"vectors/{one.name}/index.faiss"
    vectors, prompts = (_array(workspace, prefix + name) for name in ("vectors.npy", "prompts.npy"))
    shapes_fit = vectors.shape == (one.vectors, one.dimensions) and prompts.shape == (one.vectors,)
    if not shapes_fit or vectors.dtype not in _DTYPES or prompts.dtype != np.uint64:
        raise IndexDamaged(f"{workspace.root / prefix} does not hold what its manifest says")
    if graph in hashes:
        index = _read_graph(workspace.root / graph, hashes[graph], vectors.shape)
    else:
        index = _add(_faiss().IndexFlatIP(one.dimensions), vectors)
    return _Set(vectors, prompts, index)


def _array(workspace: Workspace, name: str) -> NDArray[Any]:
    path = workspace.root / name
    workspace.checked(path)
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError as error:
        raise IndexDamaged(f"{path} is damaged: {error}") from None


def _read_graph(path: Path, sha256: str, shape: tuple[int, ...]) -> Any:
    """Read a graph from the very bytes that were hashed; no other kind of index gets to FAISS.

    FAISS may allocate no array larger than the file; that limit is process-wide for a moment.
    """
    faiss, raw = _faiss(), path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise IndexDamaged(f"{path} {_ALTERED}")
    if not raw.startswith(_GRAPH_MAGIC):
        raise IndexDamaged(f"{path} is not a {_GRAPH} index")
    limit = faiss.get_deserialization_vector_byte_limit()
    faiss.set_deserialization_vector_byte_limit(len(raw) + 1)
    try:
        index = faiss.read_index(faiss.PyCallbackIOReader(io.BytesIO(raw).read))
    except RuntimeError as error:
        raise IndexDamaged(f"{path} is damaged: {error}") from None
    finally:
        faiss.set_deserialization_vector_byte_limit(limit)
    if (index.ntotal, index.d, index.metric_type) != (*shape, faiss.METRIC_INNER_PRODUCT):
        raise IndexDamaged(f"{path} does not fit its vectors")
    return index


def _require_model(workspace: Workspace, one: VectorSet, encoder: Encoder) -> None:
    theirs = (one.model, one.model_sha256, one.dimensions)
    ours = (encoder.name, encoder.sha256, encoder.dimensions)
    if theirs != ours:
        raise SettingsMismatch(
            f"the vectors {workspace.root / 'vectors' / one.name} were made with the model {one.model} "
            f"(SHA-256 {one.model_sha256[:12]}), not with {encoder.name} ({encoder.sha256[:12]}); "
            "search with that model, or embed the prompts anew"
        )


def _check(vectors: NDArray[np.floating[Any]], prompts: Hashes, dimensions: int) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != dimensions or not len(vectors):
        raise ValueError(f"vectors are (n, {dimensions}) with n > 0, not {vectors.shape}")
    if vectors.dtype not in _DTYPES or not _are_unit(vectors):
        raise ValueError("vectors are float16 or float32 and have length 1")
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


def _faiss() -> Any:
    """FAISS, imported on first use. Any: its type stubs know half of it."""
    import faiss

    return faiss
