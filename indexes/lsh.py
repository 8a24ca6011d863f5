"""Locality-sensitive hashing: which signatures are worth comparing.

An index keeps eight bits of each of a signature's minima (Li and König 2010, "b-bit minwise
hashing"): two unequal minima agree in 1 of 256, which `likeness` takes off again. A signature is
cut into bands of rows; two texts that agree in all rows of one band are candidates (Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4). With 25 bands of 5 rows a pair of
Jaccard .7 becomes a candidate with probability .99.

Per band the texts lie in the order of their keys, and a small directory says where the keys with
given first bits begin. The keys are not kept: they follow from the signatures. A pair of equal
keys is only a candidate: every one is verified before it counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

BANDS, ROWS = 25, 5
KEY_BITS = 40
"""A band's key is a scrambled copy of its five bytes: no two contents share a key."""

Signatures = NDArray[np.uint8]

_TEXT_BITS = 64 - KEY_BITS
_KEY_MASK = np.uint64((1 << KEY_BITS) - 1)
_PER_BUCKET = 32  # texts under one entry of the directory: half a dozen probes find a key


def fold(signatures: NDArray[np.uint32]) -> Signatures:
    """Return the eight bits of each minimum that an index keeps, in the same shape.

    Minima of long texts are small numbers, so the bits are drawn from all of them.
    """
    return np.asarray(_folded(np.ascontiguousarray(signatures).reshape(-1))).reshape(signatures.shape)


def visible(signatures: Signatures) -> NDArray[np.bool_]:
    """Return (n,) whether texts have anything to compare by: what shows nothing has no minima."""
    blank = fold(np.array([0xFFFFFFFF], dtype=np.uint32))[0]
    return np.asarray((signatures[:, :8] != blank).any(axis=1))


def likeness(left: Signatures, right: Signatures) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity along the last axis; shapes broadcast."""
    agree = (left == right).mean(axis=-1)
    return np.asarray(np.maximum((agree - 1 / 256) / (1 - 1 / 256), 0.0))


@dataclass(frozen=True)
class BandTable:
    """The visible texts of a segment, by band.

    first: (BANDS, 2**k + 1) uint32, where the keys with the same first k bits begin.
    texts: (BANDS, n) uint32 text rows in the order of their keys, then ascending.
    signatures: (texts, num_perm) uint8, of all texts.
    """

    first: NDArray[np.uint32]
    texts: NDArray[np.uint32]
    signatures: Signatures

    @classmethod
    def build(cls, signatures: Signatures, visible: NDArray[np.bool_]) -> BandTable:
        """Index the visible rows. Raises ValueError for more than 2**24 texts."""
        if len(signatures) > 1 << _TEXT_BITS:
            raise ValueError(f"a band table holds up to {1 << _TEXT_BITS} texts, not {len(signatures)}")
        rows = np.flatnonzero(visible).astype(np.uint64)
        chosen = np.ascontiguousarray(signatures[rows.astype(np.int64)])
        bits = max(0, (len(rows) // _PER_BUCKET).bit_length())
        first = np.zeros((BANDS, (1 << bits) + 1), dtype=np.uint32)
        texts = np.empty((BANDS, len(rows)), dtype=np.uint32)
        for band in range(BANDS):
            packed = band_keys(chosen, band) << np.uint64(_TEXT_BITS) | rows
            packed.sort()
            texts[band] = packed & np.uint64((1 << _TEXT_BITS) - 1)
            bucket = ((packed >> np.uint64(32)) >> np.uint64(32 - bits)).astype(np.int64)
            first[band, 1:] = np.cumsum(np.bincount(bucket, minlength=1 << bits))
        return cls(first, texts, signatures)

    def ranges(self, signature: Signatures) -> NDArray[np.int64]:
        """Return (BANDS, 2): in each band the first and last place of a signature's key."""
        return np.asarray(_ranges(self.first, self.texts, self.signatures, signature))


@njit(nogil=True, cache=True)
def _folded(minima):  # type: ignore[no-untyped-def]
    """Fold (n,) uint32 without the temporary arrays of numpy, each four times the result."""
    out = np.empty(minima.size, dtype=np.uint8)
    for i in range(minima.size):
        out[i] = np.uint8(np.uint32(minima[i] * np.uint32(0x9E3779B1)) >> np.uint32(24))
    return out


@njit(nogil=True, parallel=True, cache=True)
def band_keys(signatures, band):  # type: ignore[no-untyped-def]
    """Return the (n,) uint64 keys of one band, of KEY_BITS bits."""
    keys = np.empty(signatures.shape[0], dtype=np.uint64)
    for i in prange(signatures.shape[0]):
        keys[i] = _band_key(signatures[i], band)
    return keys


@njit(inline="always")
def _band_key(signature, band):  # type: ignore[no-untyped-def]
    """Return a band's bytes as one number, scrambled by steps that can be undone."""
    x = np.uint64(0)
    for row in range(band * ROWS, band * ROWS + ROWS):
        x = x << np.uint64(8) | np.uint64(signature[row])
    x = (x * np.uint64(0x9E3779B97F4A7C15)) & _KEY_MASK
    x ^= x >> np.uint64(20)
    x = (x * np.uint64(0xFF51AFD7ED558CCD)) & _KEY_MASK
    return x ^ (x >> np.uint64(20))


@njit(nogil=True, cache=True)
def _ranges(first, texts, signatures, query):  # type: ignore[no-untyped-def]
    """Find a signature's bucket in every band: by the directory, then by halving."""
    found = np.zeros((BANDS, 2), dtype=np.int64)
    bits = 0
    while (1 << bits) + 1 < first.shape[1]:
        bits += 1
    for band in range(BANDS):
        key = _band_key(query, band)
        bucket = key >> np.uint64(KEY_BITS - bits)
        low, end = np.int64(first[band, bucket]), np.int64(first[band, bucket + np.uint64(1)])
        for side in range(2):
            high = end
            while low < high:
                middle = (low + high) // 2
                other = _band_key(signatures[texts[band, middle]], band)
                if other < key or (side == 1 and other == key):
                    low = middle + 1
                else:
                    high = middle
            found[band, side] = low
    return found
