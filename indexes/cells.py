"""Vectors on disk in the order of their neighbourhoods, so that a search reads few of them.

A set's vectors are divided into cells, each around a centre that k-means finds on a sample (the
inverted file of Sivic and Zisserman 2003; FAISS trains it). A cell is one stretch of the file. A
query reads the cells whose centres lie nearest, as many as hold its neighbours with high
probability, and compares exactly what it reads. Nothing is loaded and nothing but the choice of
cells is approximate.

Vectors are kept as 8-bit integers, each scaled by its own largest number; a cosine needs no
scale. That moves cosines by some thousandths, and the vectors as stored are what "exact" means.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fingerprint.threads import on_all_cores

Codes = NDArray[np.int8]
Floats = NDArray[np.float32]

_PER_CENTRE = 40  # vectors that a centre is trained on
_ROUNDS = 8
_ROWS_AT_ONCE = 1 << 13
_REGIONS = 6  # looked at for a vector's centre, its own among them
_SEED = 1


def quantised(vectors: NDArray[np.floating[Any]]) -> Codes:
    """Return (n, d) vectors as 8-bit integers; a zero vector stays zero."""
    rows = vectors.astype(np.float32, copy=False)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    return np.rint(rows * (127 / np.where(largest == 0, 1, largest))).astype(np.int8)


def unit(codes: Codes) -> Floats:
    """Return stored vectors with length 1; a zero vector stays zero."""
    rows = codes.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def centres_for(codes: Codes) -> Floats:
    """Return the (c, d) unit centres of a set's cells: some 2 √n of them, trained on a sample.

    In two steps, as a vocabulary tree (Nistér and Stewénius 2006): √c regions, then each region's share
    of the centres, so that crowded regions are divided as finely as others.
    """
    count = min(len(codes), 1 << round(np.log2(2 * np.sqrt(len(codes)))))
    some = np.linspace(0, len(codes) - 1, min(len(codes), _PER_CENTRE * count)).astype(np.int64)
    sample = unit(codes[some])
    region = (sample @ _regions(sample, count).T).argmax(axis=1)
    ends = np.cumsum(np.bincount(region)) * count // len(sample)
    shares = zip(range(len(ends)), np.diff(ends, prepend=0).tolist(), strict=True)
    return np.concatenate([_means(sample[region == r], share) for r, share in shares if share])


def _regions(vectors: Floats, cells: int) -> Floats:
    return _means(vectors, max(1, round(np.sqrt(cells))))


def _means(vectors: Floats, count: int) -> Floats:
    """Return (count, d) unit centres of (n, d) vectors, by k-means."""
    import faiss

    options = {"niter": _ROUNDS, "seed": _SEED, "spherical": True, "min_points_per_centroid": 1}
    means = faiss.Kmeans(vectors.shape[1], count, **options)
    means.train(np.ascontiguousarray(vectors))
    return np.asarray(means.centroids, dtype=np.float32)


def fit(centres: Floats, vectors: int) -> bool:
    """Return whether centres that another set was divided by serve for so many vectors."""
    wanted = 2 * np.sqrt(vectors)
    return bool(wanted / 4 <= len(centres) <= 4 * wanted)


def divided(codes: Codes, centres: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (order, starts): rows in the order of their cells; cell i is order[starts[i]:starts[i + 1]].

    A vector's centre is the nearest of those in the regions beside its own.
    """
    regions = _regions(centres, len(centres))
    inhabited, of = np.unique((centres @ regions.T).argmax(axis=1), return_inverse=True)
    regions = regions[inhabited]
    near = np.argsort(-(regions @ regions.T), axis=1, kind="stable")[:, :_REGIONS]
    looked_at = [np.flatnonzero(np.isin(of, some)) for some in near]
    theirs = [centres[some] for some in looked_at]
    cell = np.empty(len(codes), dtype=np.int64)

    def divide(first: int) -> None:
        rows = codes[first : first + _ROWS_AT_ONCE].astype(np.float32)  # nearest whatever their length
        mine = cell[first : first + _ROWS_AT_ONCE]
        region = (rows @ regions.T).argmax(axis=1)
        for r in np.unique(region).tolist():
            inside = np.flatnonzero(region == r)
            mine[inside] = looked_at[r][(rows[inside] @ theirs[r].T).argmax(axis=1)]

    on_all_cores(divide, range(0, len(codes), _ROWS_AT_ONCE))
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=len(centres)))])
    return np.argsort(cell, kind="stable"), starts.astype(np.int64)


def nearest_cells(queries: Floats, centres: Floats, count: int) -> NDArray[np.int64]:
    """Return the (q, count) cells whose centres lie nearest, ascending, so that files are read forward."""
    near = queries @ centres.T
    if count >= len(centres):
        return np.tile(np.arange(len(centres)), (len(queries), 1))
    return np.sort(np.argpartition(-near, count, axis=1)[:, :count], axis=1)


@njit(nogil=True, cache=True, fastmath=True)
def cosines(query, codes, first, last):  # type: ignore[no-untyped-def]
    """Return (rows, cosines) of a unit query with all stored vectors in the stretches first:last."""
    total = 0
    for i in range(first.size):
        total += last[i] - first[i]
    rows, out = np.empty(total, np.int64), np.empty(total, np.float32)
    made = 0
    for i in range(first.size):
        for row in range(first[i], last[i]):
            near, length = np.float32(0), np.float32(0)
            for j in range(query.size):
                value = np.float32(codes[row, j])
                near += query[j] * value
                length += value * value
            rows[made] = row
            out[made] = near / np.sqrt(max(length, np.float32(1)))
            made += 1
    return rows, out
