"""Rows in the order of a key that is not kept: where those of one key may be.

A directory says where the keys with given first bits begin, some 32 under an entry, and beside each row
stand the next ten bits of its key. So a look-up reads two places, and of rows of other keys
it is left with one in 32 look-ups; whoever asks compares the keys themselves, which follow from
what the rows hold. In an index of fifty segments that is the difference between three thousand
pages for a query and fifteen thousand.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

HINT_BITS = 10
MOST_ROWS = 1 << (32 - HINT_BITS)

_HINT = np.uint32((1 << HINT_BITS) - 1)
_PER_ENTRY = 32


def arranged(
    keys: NDArray[np.uint64], rows: NDArray[np.uint64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return (first, places) of rows, below MOST_ROWS, whose keys of 64 bits ascend.

    first: (2**k + 1,) where the keys with the same first k bits begin. places: row << HINT_BITS | hint.
    """
    bits = np.uint64(max(1, (len(keys) // _PER_ENTRY).bit_length()))
    entries = (keys >> (np.uint64(64) - bits)).astype(np.int64)
    first = np.zeros((1 << int(bits)) + 1, dtype=np.uint32)
    first[1:] = np.cumsum(np.bincount(entries, minlength=1 << int(bits)))
    hints = (keys << bits) >> np.uint64(64 - HINT_BITS)
    return first, (rows << np.uint64(HINT_BITS) | hints).astype(np.uint32)


@njit(nogil=True, cache=True)
def narrowed(first, places, key):  # type: ignore[no-untyped-def]
    """Return (begin, end) of the places that may have a key: none that has it lies outside."""
    bits = np.uint64(0)
    while (1 << bits) + 1 < first.size:
        bits += np.uint64(1)
    entry = key >> (np.uint64(64) - bits)
    hint = np.uint32((key << bits) >> np.uint64(64 - HINT_BITS))
    begin, last = np.int64(first[entry]), np.int64(first[entry + np.uint64(1)])
    end = last
    while begin < end:
        middle = (begin + end) // 2
        if places[middle] & _HINT < hint:
            begin = middle + 1
        else:
            end = middle
    low, end = begin, last
    while low < end:
        middle = (low + end) // 2
        if places[middle] & _HINT <= hint:
            low = middle + 1
        else:
            end = middle
    return begin, low
