"""Pieces and wholes: families that lie inside another are parts of one text.

A template of several fixed spans, or with variants, comes out of `families` as several families
over the same requests. A family most of whose requests are another's is a piece of that one.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.components import components

PART = 0.8  # of a family's requests inside another: it is a piece of that one
_BUSY = 200  # a request of more families than this (a pasted library) joins nothing


def parts(family: NDArray[np.int64], request: NDArray[np.int64], families: int) -> NDArray[np.int64]:
    """Return the (families,) label of each family: the least family of one whole.

    family, request: (m,) the distinct memberships, in any order.
    """
    order = np.lexsort((family, request))
    pairs, shared = np.unique(_pairs_within(request[order], family[order], families), return_counts=True)
    left, right = pairs // families, pairs % families
    size = np.bincount(family, minlength=families)
    inside = shared >= PART * np.minimum(size[left], size[right])
    # Each piece joins the one whole it fills best, or a shared phrase would weld many wholes.
    left, right, shared = left[inside], right[inside], shared[inside]
    piece = np.where(size[left] <= size[right], left, right)
    whole = left + right - piece
    best = np.lexsort((whole, -shared / size[whole], piece))
    piece, whole = piece[best], whole[best]
    first = np.concatenate([[True], piece[1:] != piece[:-1]])[: len(piece)]
    return components(families, np.stack([piece[first], whole[first]], axis=1))


@njit(nogil=True, cache=True)
def _pairs_within(key, family, families):  # type: ignore[no-untyped-def]
    """List left * families + right for every two families under one key (rows sorted by key)."""
    total = 0
    for filling in range(2):
        out = np.empty(total, dtype=np.int64)
        at, first = 0, 0
        while first < family.size:
            last = first
            while last < family.size and key[last] == key[first]:
                last += 1
            if last - first <= _BUSY:
                for i in range(first, last):
                    for j in range(i + 1, last):
                        if filling:
                            out[at] = family[i] * families + family[j]
                        at += 1
            first = last
        total = at
    return out
