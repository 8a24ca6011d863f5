"""Near copies: prompts whose whole texts are alike, every pair of them verified.

LSH gives candidates; only a pair whose signatures agree in `threshold` of the slots becomes an
edge. Unverified candidates chain whole logs into one component.

Bands are taken one at a time, and a pair that earlier edges connect already is not compared
again: a million copies of one prompt cost a million comparisons, not one for each band, and
memory holds one band's keys, never a list of edges.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.components import find
from indexes import lsh

NEAR_COPY = 0.7
# Buckets up to this size give all their pairs, larger ones a star and a chain.
_WIDEST = 8


def near_copy_clusters(
    signatures: NDArray[np.uint8], visible: NDArray[np.bool_], threshold: float = NEAR_COPY
) -> NDArray[np.int64]:
    """Return the (n,) cluster label of each prompt: the least prompt connected to it.

    signatures: (n, num_perm) uint8, as lsh.fold makes them. Two prompts are connected by edges
    that each reach the threshold in estimated Jaccard similarity. Of a large bucket only a star
    and a chain are tried, so the edges connect what is alike without listing every pair.
    """
    parent = np.arange(len(signatures), dtype=np.int64)
    row_bits = max(1, len(signatures).bit_length())
    needed = _needed(threshold, signatures.shape[1])
    for band in range(lsh.BANDS):
        keys = lsh.band_keys(signatures, band) >> np.uint64(max(0, lsh.KEY_BITS + row_bits - 64))
        keys <<= np.uint64(row_bits)
        keys |= np.arange(len(keys), dtype=np.uint64)
        keys = keys[visible]
        keys.sort()
        _unite_band(keys, row_bits, signatures, needed, parent)
    _flatten(parent)
    return parent


def _needed(threshold: float, slots: int) -> int:
    """Return how many slots agree at a Jaccard similarity, chance agreement of eight bits included."""
    return int(np.ceil(slots * (threshold + (1 - threshold) / 256) - 1e-9))


@njit(nogil=True, cache=True)
def _unite_band(keys, row_bits, signatures, needed, parent):  # type: ignore[no-untyped-def]
    """Unite what is alike in each bucket of one band.

    keys: (m,) uint64 ascending, band key << row_bits | row.
    """
    shift, mask = np.uint64(row_bits), (np.uint64(1) << np.uint64(row_bits)) - np.uint64(1)
    first = 0
    while first < keys.size:
        last = first + 1
        while last < keys.size and keys[last] >> shift == keys[first] >> shift:
            last += 1
        for i in range(first + 1, last):
            row = np.int64(keys[i] & mask)
            if last - first <= _WIDEST:
                for j in range(first, i):
                    _try(np.int64(keys[j] & mask), row, signatures, needed, parent)
            else:
                _try(np.int64(keys[first] & mask), row, signatures, needed, parent)
                _try(np.int64(keys[i - 1] & mask), row, signatures, needed, parent)
        first = last


@njit(nogil=True, cache=True)
def _try(left, right, signatures, needed, parent):  # type: ignore[no-untyped-def]
    """Unite two rows if they are not united yet and agree in `needed` slots."""
    low, high = find(parent, left), find(parent, right)
    if low == high:
        return
    same = 0
    for k in range(signatures.shape[1]):
        same += signatures[left, k] == signatures[right, k]
    if same >= needed:
        parent[max(low, high)] = min(low, high)


@njit(nogil=True, cache=True)
def _flatten(parent):  # type: ignore[no-untyped-def]
    for node in range(parent.size):
        parent[node] = find(parent, node)
