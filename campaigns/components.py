"""Connected components over integer nodes: union-find in an array.

Union by least root, so a component's label is its least member and does not depend on the
order of the edges; paths are halved on the way (Tarjan and van Leeuwen 1984).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def find(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(nogil=True, cache=True)
def _unite(parent, edges):  # type: ignore[no-untyped-def]
    for i in range(edges.shape[0]):
        left, right = find(parent, edges[i, 0]), find(parent, edges[i, 1])
        if left < right:
            parent[right] = left
        elif right < left:
            parent[left] = right
    for node in range(parent.size):
        parent[node] = find(parent, node)


def components(nodes: int, edges: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the (nodes,) label of each node's component: its least member.

    edges: (m, 2) node numbers, in any order.
    """
    parent = np.arange(nodes, dtype=np.int64)
    _unite(parent, np.ascontiguousarray(edges, dtype=np.int64).reshape(-1, 2))
    return parent
