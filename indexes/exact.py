"""Brute force: the oracle that every index is held against. Slow, and plainly right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray


@njit(nogil=True, parallel=True, cache=True)
def _agreements(signatures, query):  # type: ignore[no-untyped-def]
    counts = np.zeros(signatures.shape[0], dtype=np.int64)
    for i in prange(signatures.shape[0]):
        same = 0
        for k in range(query.size):
            same += signatures[i, k] == query[k]
        counts[i] = same
    return counts


def similarities(
    signatures: NDArray[np.unsignedinteger[Any]], query: NDArray[np.unsignedinteger[Any]]
) -> NDArray[np.float64]:
    """Return the (n,) estimated Jaccard similarities of a signature to (n, num_perm) others."""
    return np.asarray(_agreements(signatures, query) / query.size)


@njit(nogil=True, parallel=True, cache=True)
def _pairs_of_row(shingles, offsets, threshold, row, out):  # type: ignore[no-untyped-def]
    """Mark in `out` which later rows reach the threshold of exact Jaccard with `row`."""
    mine = shingles[offsets[row] : offsets[row + 1]]
    for other in prange(row + 1, offsets.size - 1):
        theirs = shingles[offsets[other] : offsets[other + 1]]
        out[other] = False
        small, large = min(mine.size, theirs.size), max(mine.size, theirs.size)
        if small < threshold * large or small == 0:
            continue
        i, j, common = 0, 0, 0
        while i < mine.size and j < theirs.size:
            if mine[i] == theirs[j]:
                common += 1
                i += 1
                j += 1
            elif mine[i] < theirs[j]:
                i += 1
            else:
                j += 1
        out[other] = common >= threshold * (mine.size + theirs.size - common)


def jaccard_pairs(sets: list[NDArray[np.uint32]], threshold: float) -> NDArray[np.int64]:
    """Return the (m, 2) pairs i < j whose exact Jaccard similarity reaches the threshold.

    `sets` are sorted arrays of distinct shingle hashes. Quadratic: for samples.
    """
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in sets])]).astype(np.int64)
    shingles = np.concatenate(sets) if sets else np.empty(0, np.uint32)
    reached = np.zeros(len(sets), dtype=np.bool_)
    found = []
    for row in range(len(sets)):
        reached[: row + 1] = False
        _pairs_of_row(shingles, offsets, threshold, row, reached)
        others = np.flatnonzero(reached)
        found.append(np.stack([np.full(len(others), row), others], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def nearest(vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Return the (q, k) rows of the largest inner products, best first, ties by row."""
    scores = queries @ vectors.T
    return np.asarray(np.argsort(-scores, axis=1, kind="stable")[:, :k])
