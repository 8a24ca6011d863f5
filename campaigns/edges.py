"""Near copies: prompts whose whole texts are alike, every pair of them verified.

LSH gives candidates; only a pair whose signatures agree in `threshold` of the slots becomes an
edge. Unverified candidates chain whole logs into one component.

Bands are taken one at a time, and a pair that earlier edges connect already is not compared
again: a million copies of one prompt cost a million comparisons, not one for each band, and
memory holds one band's keys and a block of its pairs, never a list of edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.components import find
from indexes import lsh

NEAR_COPY = 0.7
# Buckets up to this size give all their pairs, larger ones a star and a chain.
_WIDEST = 8
_BLOCK = 1 << 22  # keys whose pairs are listed at a time


def near_copy_clusters(
    signatures: NDArray[np.uint8], visible: NDArray[np.bool_], threshold: float = NEAR_COPY
) -> NDArray[np.int64]:
    """Return the (n,) cluster label of each prompt: the least prompt connected to it.

    signatures: (n, num_perm) uint8, as lsh.fold makes them. Two prompts are connected by edges
    that each reach the threshold in estimated Jaccard similarity. Of a large bucket only a star
    and a chain are tried, so the edges connect what is alike without listing every pair.
    """
    parent = np.arange(len(signatures), dtype=np.int64)
    prompts = np.arange(len(signatures), dtype=np.uint64)
    for band in range(lsh.BANDS):
        keys = bucket_keys(signatures, band, prompts, len(signatures))[visible]
        keys.sort()
        cut = 0
        while cut < len(keys):  # a block of pairs at a time, never within a bucket
            end = _bucket_end(keys, min(cut + _BLOCK, len(keys)), len(signatures))
            unite_alike(candidate_pairs(keys[cut:end], len(signatures)), signatures, parent, threshold)
            cut = end
    flatten(parent)
    return parent


def bucket_keys(
    signatures: NDArray[np.uint8], band: int, prompts: NDArray[np.integer[Any]], total: int
) -> NDArray[np.uint64]:
    """Return (n,) what sorts prompts, out of so many in all, by bucket: band key, then prompt."""
    bits = _row_bits(total)
    keys: NDArray[np.uint64] = lsh.band_keys(signatures, band) >> np.uint64(max(0, lsh.KEY_BITS + bits - 64))
    keys <<= np.uint64(bits)
    keys |= prompts.astype(np.uint64, copy=False)
    return keys


def candidate_pairs(keys: NDArray[np.uint64], total: int) -> NDArray[np.int64]:
    """Return the (m, 2) pairs of prompts to compare, the lower first, of whole buckets.

    keys: ascending, as `bucket_keys` makes them. Of a large bucket that is a star and a chain.
    """
    return np.asarray(_pairs(keys, _row_bits(total)))


def unite_alike(
    pairs: NDArray[np.int64],
    signatures: NDArray[np.uint8],
    parent: NDArray[np.int64],
    threshold: float = NEAR_COPY,
) -> None:
    """Unite in a forest of rows those of the pairs that are alike; `flatten` makes labels of it."""
    # With eight bits of each minimum some slots agree by chance.
    slots = signatures.shape[1]
    needed = int(np.ceil(slots * (threshold + (1 - threshold) / 256) - 1e-9))
    _unite(pairs, signatures, needed, parent)


def _row_bits(total: int) -> int:
    return max(1, total.bit_length())


def _bucket_end(keys: NDArray[np.uint64], at: int, total: int) -> int:
    """Return where the bucket ends that holds the key before `at`."""
    bits = np.uint64(_row_bits(total))
    return int(
        np.searchsorted(
            keys, ((keys[at - 1] >> bits) << bits) | ((np.uint64(1) << bits) - np.uint64(1)), "right"
        )
    )


@njit(nogil=True, cache=True)
def _pairs(keys, row_bits):  # type: ignore[no-untyped-def]
    """List the pairs of each bucket; filled in a second pass, as most buckets have none."""
    shift, mask = np.uint64(row_bits), (np.uint64(1) << np.uint64(row_bits)) - np.uint64(1)
    out = np.empty((0, 2), dtype=np.int64)
    for filling in range(2):
        made, first = 0, 0
        while first < keys.size:
            last = first + 1
            while last < keys.size and keys[last] >> shift == keys[first] >> shift:
                last += 1
            for i in range(first + 1, last):
                star = last - first > _WIDEST
                for j in range(i - 1 if star else first, i):
                    if filling:
                        out[made, 0], out[made, 1] = keys[j] & mask, keys[i] & mask
                    made += 1
                if star and i > first + 1:
                    if filling:
                        out[made, 0], out[made, 1] = keys[first] & mask, keys[i] & mask
                    made += 1
            first = last
        if not filling:
            out = np.empty((made, 2), dtype=np.int64)
    return out


@njit(nogil=True, cache=True)
def _unite(pairs, signatures, needed, parent):  # type: ignore[no-untyped-def]
    """Unite two rows if they are not united yet and agree in `needed` slots."""
    for i in range(pairs.shape[0]):
        left, right = pairs[i, 0], pairs[i, 1]
        low, high = find(parent, left), find(parent, right)
        if low == high:
            continue
        same = 0
        for k in range(signatures.shape[1]):
            same += signatures[left, k] == signatures[right, k]
        if same >= needed:
            parent[max(low, high)] = min(low, high)


@njit(nogil=True, cache=True)
def flatten(parent):  # type: ignore[no-untyped-def]
    """Label each row with the least that it is united with."""
    for node in range(parent.size):
        parent[node] = find(parent, node)
