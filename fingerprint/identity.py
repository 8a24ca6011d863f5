"""Keyed 64-bit names of strings: equal strings, equal names.

For questions of sameness over millions of rows (which requests have this id, how many accounts
sent this), where the strings themselves would not fit. Unlike the canonical hash nothing is
folded: "A" and "a" are two accounts. Of n strings some two share a name with probability
n^2 / 2^65: one in ten thousand for a hundred million.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

_PRIMES = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD))


def identities(strings: pa.Array | pa.ChunkedArray, key: bytes) -> NDArray[np.uint64]:
    """Return the (n,) uint64 names of strings under a 32-byte key (nulls count as empty)."""
    strings = strings.cast(pa.large_string())
    if isinstance(strings, pa.ChunkedArray):
        strings = strings.combine_chunks()
    strings = strings.fill_null("")
    _, offsets, data = strings.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[strings.offset : strings.offset + len(strings) + 1]
    return np.asarray(_names(np.frombuffer(data or b"", np.uint8), places, np.frombuffer(key, np.uint64)))


@njit(nogil=True, cache=True)
def _names(data, offsets, key):  # type: ignore[no-untyped-def]
    """Mix eight bytes at a time; the length is part of the name."""
    out = np.empty(offsets.size - 1, dtype=np.uint64)
    for row in range(out.size):
        at, end = offsets[row], offsets[row + 1]
        x = key[0] ^ (np.uint64(end - at) * _PRIMES[0])
        while at < end:
            word = np.uint64(0)
            for j in range(min(8, end - at)):
                word |= np.uint64(data[at + j]) << np.uint64(8 * j)
            x = _mix((x ^ word ^ key[1]) * _PRIMES[0] + key[2])
            at += 8
        out[row] = _mix(x ^ key[3])
    return out


@njit(inline="always")
def _mix(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(32))) * _PRIMES[1]
    x = (x ^ (x >> np.uint64(29))) * _PRIMES[0]
    return x ^ (x >> np.uint64(32))
