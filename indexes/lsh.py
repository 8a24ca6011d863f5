"""Locality-sensitive hashing: which signatures are worth comparing.

A signature is cut into bands of rows; two texts that agree in all rows of one band are
candidates (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4). With 25
bands of 5 rows a pair of Jaccard .7 becomes a candidate with probability .99.

Per band the keys lie sorted beside the text ids, as two arrays on disk: no dictionaries, a
lookup is a binary search, and candidates for the whole log are runs of equal keys. A pair of
equal keys is only a candidate: every one is verified before it counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

BANDS, ROWS = 25, 5


@dataclass(frozen=True)
class BandTable:
    """keys: (BANDS, n) uint64, each row ascending; texts: (BANDS, n) uint32 text rows."""

    keys: NDArray[np.uint64]
    texts: NDArray[np.uint32]

    @classmethod
    def build(cls, signatures: NDArray[np.uint32], visible: NDArray[np.bool_]) -> BandTable:
        """Index the visible rows of a (n, num_perm) signature array."""
        rows = np.flatnonzero(visible).astype(np.uint32)
        keys = np.empty((BANDS, len(rows)), dtype=np.uint64)
        texts = np.empty((BANDS, len(rows)), dtype=np.uint32)
        chosen = np.ascontiguousarray(signatures[rows])
        for band in range(BANDS):
            column = band_keys(chosen, band)
            order = np.argsort(column, kind="stable")
            keys[band], texts[band] = column[order], rows[order]
        return cls(keys, texts)

    def candidates(self, signature: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the distinct text rows that share a band with a (num_perm,) signature."""
        found = []
        for band, key in enumerate(_keys_of(signature)):
            first, last = np.searchsorted(self.keys[band], [key, key + np.uint64(1)])
            found.append(self.texts[band, first:last])
        return np.unique(np.concatenate(found))


@njit(nogil=True, parallel=True, cache=True)
def band_keys(signatures, band):  # type: ignore[no-untyped-def]
    """Return the (n,) uint64 keys of one band."""
    keys = np.empty(signatures.shape[0], dtype=np.uint64)
    for i in prange(signatures.shape[0]):
        keys[i] = _band_key(signatures[i], band)
    return keys


@njit(nogil=True, cache=True)
def _keys_of(signature):  # type: ignore[no-untyped-def]
    """Return the (BANDS,) keys of one signature, without waking any thread."""
    keys = np.empty(BANDS, dtype=np.uint64)
    for band in range(BANDS):
        keys[band] = _band_key(signature, band)
    return keys


@njit(inline="always")
def _band_key(signature, band):  # type: ignore[no-untyped-def]
    """Hash one band of a signature; the band's number is part of it."""
    x = np.uint64(band + 1) * np.uint64(0x9E3779B97F4A7C15)
    for row in range(band * ROWS, band * ROWS + ROWS):
        x = (x ^ np.uint64(signature[row])) * np.uint64(0xFF51AFD7ED558CCD)
        x ^= x >> np.uint64(32)
    return x >> np.uint64(1)  # room for key + 1 in a search


@njit(nogil=True, cache=True)
def bucket_pairs(keys, texts, widest):  # type: ignore[no-untyped-def]
    """Return the (m, 2) candidate pairs of one sorted band.

    Each bucket gives a star to its least text and a chain along it, never all pairs: a million
    equal texts cost two million pairs, and none is dropped. In a bucket of up to `widest` texts
    all pairs are given, as few and cheap.
    """
    pairs = np.empty((4, 2), dtype=np.uint32)
    made, first = 0, 0
    while first < keys.size:
        last = first + 1
        while last < keys.size and keys[last] == keys[first]:
            last += 1
        size = last - first
        need = size * (size - 1) // 2 if size <= widest else 2 * size
        if made + need > pairs.shape[0]:
            larger = np.empty((2 * (made + need), 2), dtype=np.uint32)
            larger[:made] = pairs[:made]
            pairs = larger
        if size > 1:
            made = _pair_up(texts, first, last, size <= widest, pairs, made)
        first = last
    return pairs[:made]


@njit(inline="always")
def _pair_up(texts, first, last, all_pairs, pairs, made):  # type: ignore[no-untyped-def]
    """Append one bucket's pairs; texts of a bucket ascend, as the sort was stable."""
    if all_pairs:
        for i in range(first, last):
            for j in range(i + 1, last):
                pairs[made, 0], pairs[made, 1] = texts[i], texts[j]
                made += 1
        return made
    for i in range(first + 1, last):
        pairs[made, 0], pairs[made, 1] = texts[first], texts[i]
        made += 1
        if i > first + 1:
            pairs[made, 0], pairs[made, 1] = texts[i - 1], texts[i]
            made += 1
    return made
