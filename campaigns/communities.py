"""Dense groups in a weighted graph, by the constant Potts model.

A group is worth the weight inside it less `density` for every pair of its members (Traag, Van Dooren
and Nesterov 2011, "Narrow scope for resolution-limit-free community detection"): what holds
together more loosely than that falls apart, however large the graph around it is. Greedy moves,
then groups become nodes and move in their turn (Blondel et al. 2008). Same graph, same groups.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_LEVELS, _SWEEPS = 10, 20


def communities(nodes: int, left: Ints, right: Ints, weight: NDArray[np.float64], density: float) -> Ints:
    """Return the (nodes,) group of each node. left, right, weight: (m,) each pair once."""
    group = np.arange(nodes)
    size: NDArray[np.float64] = np.ones(nodes)
    for _ in range(_LEVELS):
        start, other, heavy = _neighbours(len(size), left, right, weight)
        moved = np.unique(_moved(start, other, heavy, size, density), return_inverse=True)[1]
        group, count = moved[group], int(moved.max(initial=-1)) + 1
        if count == len(size):
            break
        size = np.bincount(moved, size, count).astype(np.float64)
        ends = np.sort(np.stack([moved[left], moved[right]]), axis=0)
        apart = ends[0] != ends[1]
        pairs, place = np.unique(ends[0][apart] * count + ends[1][apart], return_inverse=True)
        weight = np.bincount(place, weight[apart], len(pairs)).astype(np.float64)
        left, right = np.divmod(pairs, count)
    return group


def _neighbours(
    nodes: int, left: Ints, right: Ints, weight: NDArray[np.float64]
) -> tuple[Ints, Ints, NDArray[np.float64]]:
    """Return (start, other, weight): node i's neighbours are other[start[i]:start[i + 1]]."""
    owner, other = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.lexsort((other, owner))
    start = np.searchsorted(owner[order], np.arange(nodes + 1))
    return start, other[order], np.concatenate([weight, weight])[order]


@njit(nogil=True, cache=True)
def _moved(start, other, weight, size, density):  # type: ignore[no-untyped-def]
    """Move each node in turn to the group it gains most by, until none moves."""
    group, held = np.arange(size.size), size.copy()
    reached = np.zeros(size.size)
    for _ in range(_SWEEPS):
        changed = False
        for node in range(size.size):
            mine = group[node]
            held[mine] -= size[node]
            for e in range(start[node], start[node + 1]):
                reached[group[other[e]]] += weight[e]
            best, gain = mine, reached[mine] - density * size[node] * held[mine]
            for e in range(start[node], start[node + 1]):
                there = group[other[e]]
                now = reached[there] - density * size[node] * held[there]
                if now > gain or (now == gain and there < best):
                    best, gain = there, now
            for e in range(start[node], start[node + 1]):
                reached[group[other[e]]] = 0.0
            held[best] += size[node]
            group[node] = best
            changed |= best != mine
        if not changed:
            break
    return group
