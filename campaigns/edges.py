"""Near copies: pairs of prompts whose whole texts are alike, each pair verified.

LSH gives candidates; only a pair whose signatures agree in `threshold` of the slots becomes an
edge. Unverified candidates chain whole logs into one component.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from campaigns.components import components
from indexes import lsh

NEAR_COPY = 0.7
# Buckets up to this size give all their pairs, larger ones a star and a chain.
_WIDEST = 8


def near_copy_edges(
    signatures: NDArray[np.uint32], visible: NDArray[np.bool_], threshold: float = NEAR_COPY
) -> NDArray[np.int64]:
    """Return the verified (m, 2) edges i < j among the rows of (n, num_perm) signatures.

    Every returned pair reaches the threshold in estimated Jaccard similarity. Of a large bucket
    only a star and a chain are tried, so the edges connect what is alike without listing
    every pair.
    """
    rows = np.flatnonzero(visible).astype(np.uint32)
    found = []
    for band in range(lsh.BANDS):
        keys = lsh.band_keys(signatures, band)[rows]
        order = np.argsort(keys, kind="stable")
        pairs = lsh.bucket_pairs(keys[order], rows[order], _WIDEST)
        found.append(pairs[_alike(signatures, pairs, threshold)])
    edges = np.concatenate(found) if found else np.empty((0, 2), np.uint32)
    return np.unique(edges.astype(np.int64), axis=0)


def near_copy_clusters(
    signatures: NDArray[np.uint32], visible: NDArray[np.bool_], threshold: float = NEAR_COPY
) -> NDArray[np.int64]:
    """Return the (n,) cluster label of each prompt: the least prompt connected to it."""
    return components(len(signatures), near_copy_edges(signatures, visible, threshold))


@njit(nogil=True, parallel=True, cache=True)
def _alike(signatures, pairs, threshold):  # type: ignore[no-untyped-def]
    """Return (m,) whether each pair's signatures agree in the given share of slots."""
    needed = threshold * signatures.shape[1]
    verdict = np.empty(pairs.shape[0], dtype=np.bool_)
    for i in prange(pairs.shape[0]):
        left, right = signatures[pairs[i, 0]], signatures[pairs[i, 1]]
        same = 0
        for k in range(left.size):
            same += left[k] == right[k]
        verdict[i] = same >= needed
    return verdict
