"""Locality-sensitive hashing: which signatures are worth comparing.

An index keeps eight bits of each of a signature's minima (Li and König 2010, "b-bit minwise
hashing"): two unequal minima agree in 1 of 256, which `likeness` takes off again. A signature is
cut into bands of rows; two texts that agree in all rows of one band are candidates (Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4). With 25 bands of 5 rows a pair of
Jaccard .7 becomes a candidate with probability .99.

Per band the texts lie in the order of their keys (see indexes.directory). The keys are not kept: they
follow from the signatures. A pair of equal keys is only a candidate: every one is verified before it
counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from indexes.directory import HINT_BITS, MOST_ROWS, arranged, narrowed

BANDS, ROWS = 25, 5
KEY_BITS = 40
"""A band's key is a scrambled copy of its five bytes: no two contents share a key."""

Signatures = NDArray[np.uint8]

_KEY_MASK = np.uint64((1 << KEY_BITS) - 1)
_REST = np.uint64(64 - KEY_BITS)


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

    first: (BANDS, 2**k + 1) uint32 and places: (BANDS, n) uint32, each band's as `arranged`
    makes them: in the order of the keys, then of the texts.
    signatures: (texts, num_perm) uint8, of all texts.
    """

    first: NDArray[np.uint32]
    places: NDArray[np.uint32]
    signatures: Signatures

    @classmethod
    def build(cls, signatures: Signatures, visible: NDArray[np.bool_]) -> BandTable:
        """Index the visible rows. Raises ValueError for more than MOST_ROWS texts."""
        if len(signatures) > MOST_ROWS:
            raise ValueError(f"a band table holds up to {MOST_ROWS} texts, not {len(signatures)}")
        rows = np.flatnonzero(visible).astype(np.uint64)
        chosen = np.ascontiguousarray(signatures[rows.astype(np.int64)])
        bands = []
        for band in range(BANDS):
            packed = band_keys(chosen, band) << _REST | rows
            packed.sort()
            bands.append(arranged(packed, packed & ((np.uint64(1) << _REST) - np.uint64(1))))
        first, places = (np.stack(arrays) for arrays in zip(*bands, strict=True))
        return cls(first, places, signatures)

    def ranges(self, signature: Signatures) -> NDArray[np.int64]:
        """Return (BANDS, 2): where each band's texts with a signature's key begin and end, in all places."""
        return np.asarray(_ranges(self.first, self.places, self.signatures, signature))

    def texts(self, first: int, last: int) -> NDArray[np.uint32]:
        """Return the text rows of some of all places, of one band after another."""
        return np.asarray(self.places.reshape(-1)[first:last] >> np.uint32(HINT_BITS))


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
def _ranges(first, places, signatures, query):  # type: ignore[no-untyped-def]
    """Find a signature's texts in every band: by the directory, then by halving."""
    found = np.zeros((BANDS, 2), dtype=np.int64)
    for band in range(BANDS):
        key = _band_key(query, band)
        low, end = narrowed(first[band], places[band], key << _REST)
        for side in range(2):
            high = end
            while low < high:
                middle = (low + high) // 2
                other = _band_key(signatures[places[band, middle] >> np.uint32(HINT_BITS)], band)
                if other < key or (side == 1 and other == key):
                    low = middle + 1
                else:
                    high = middle
            found[band, side] = low + band * places.shape[1]
    return found
