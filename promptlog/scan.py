"""Where lines end in a block of bytes, and how often a name is in it, without the interpreter's lock.

Python's own search is as fast, but nothing else runs meanwhile; here a thread that reads ahead finds
these while another parses. Compiled, so only long logs are worth it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray


def ends(data: bytes) -> NDArray[np.int64]:
    """Return where the newlines of `data` are.

    >>> ends(b"a\\nb\\n").tolist()
    [1, 3]
    """
    return np.asarray(_ends(np.frombuffer(data, np.uint8)))


def count(data: bytes, name: bytes) -> int:
    """Return how often a name is in `data`; it ends in a byte that it has but once."""
    return int(_count(np.frombuffer(data, np.uint8), np.frombuffer(name, np.uint8)))


@njit(nogil=True, cache=True)
def _ends(data):  # type: ignore[no-untyped-def]
    size = 0
    for at in range(data.size):
        size += data[at] == 10
    found = np.empty(size, np.int64)
    size = 0
    for at in range(data.size):
        if data[at] == 10:
            found[size] = at
            size += 1
    return found


@njit(nogil=True, cache=True)
def _count(data, name):  # type: ignore[no-untyped-def]
    last = name.size - 1
    found = 0
    for at in range(last, data.size):
        if data[at] == name[last]:
            begin, same = at - last, 0
            while same < last and data[begin + same] == name[same]:
                same += 1
            found += same == last
    return found
