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

Codes = NDArray[np.int8]
Floats = NDArray[np.float32]

_PER_CENTRE = 40  # vectors that a centre is trained on
_ROUNDS = 8
_ROWS_AT_ONCE = 1 << 14
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
    """Return the (c, d) unit centres of a set's cells: some 2 √n of them, trained on a sample."""
    import faiss

    count = min(len(codes), 1 << round(np.log2(2 * np.sqrt(len(codes)))))
    sample = np.linspace(0, len(codes) - 1, min(len(codes), _PER_CENTRE * count)).astype(np.int64)
    means = faiss.Kmeans(
        codes.shape[1], count, niter=_ROUNDS, seed=_SEED, spherical=True, min_points_per_centroid=1
    )
    means.train(unit(codes[sample]))
    return np.asarray(means.centroids, dtype=np.float32)


def fit(centres: Floats, vectors: int) -> bool:
    """Return whether centres that another set was divided by serve for so many vectors."""
    wanted = 2 * np.sqrt(vectors)
    return bool(wanted / 4 <= len(centres) <= 4 * wanted)


def divided(codes: Codes, centres: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (order, starts): rows in the order of their cells; cell i is order[starts[i]:starts[i + 1]]."""
    cell = np.empty(len(codes), dtype=np.int64)
    for first in range(0, len(codes), _ROWS_AT_ONCE):
        some = slice(first, first + _ROWS_AT_ONCE)
        cell[some] = (unit(codes[some]) @ centres.T).argmax(axis=1)
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
