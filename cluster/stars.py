"""Connected components of a graph that no machine holds: large-star and small-star in turn.

After Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii, "Connected components in MapReduce and
beyond" (SoCC 2014). Every node's edges meet in one place, where they are bent towards the least of
its neighbours; it ends when nothing moves, with every node beside the least of its component. Each
round is a stage: its result is the checkpoint that a later run goes on from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cluster.stages import Piece, Stages, dealt, distinct, gathered, joined

_HALF = np.uint64(32)
_LOW = np.uint64((1 << 32) - 1)

Edges = NDArray[np.uint64]
"""(m,) node << 32 | neighbour."""


def edges(left: NDArray[np.int64], right: NDArray[np.int64]) -> Edges:
    """Return edges from the left nodes to the right ones."""
    return np.asarray(left.astype(np.uint64) << _HALF | right.astype(np.uint64))


def ends(found: Edges) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nodes and the neighbours of edges."""
    return (found >> _HALF).astype(np.int64), (found & _LOW).astype(np.int64)


def both_ways(found: Edges, parts: int) -> Iterator[Piece]:
    """Deal edges out to either end, as `components` takes them."""
    turned = found << _HALF | found >> _HALF
    return _to_nodes(np.concatenate([found, turned]), parts)


def components(stages: Stages, name: str, make: Callable[[], DataFrame], parts: int) -> DataFrame:
    """Return the edges, both ways, between each node and the least of its component, dealt out by node.

    make: the stage that yields the edges, through `both_ways`.
    """

    def large(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        return _to_nodes(large_star(_distinct(blobs)), parts)

    def small(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        return both_ways(small_star(_distinct(blobs)), parts)

    now, rounds, before = stages.run(name, make), 0, None
    while (state := _state(now)) != before:
        before, last = state, now
        now = stages.run(f"{name}-{rounds}", lambda last=last: gathered(gathered(last, large), small))  # type: ignore[misc]
        rounds += 1
    return now


def labels(blobs: Sequence[bytes]) -> Edges:
    """Return an edge from each node to the least of its component, itself for that one, ascending.

    blobs: all edges of some nodes, as `components` leaves them.
    """
    node, neighbour = ends(_distinct(blobs))
    return distinct(edges(node, np.minimum(node, _least(node, neighbour))))


def large_star(found: Edges) -> Edges:
    """Return (neighbour, least) for each node's larger neighbours. found: all of its edges, ascending."""
    node, neighbour = ends(found)
    least = np.minimum(node, _least(node, neighbour))
    larger = neighbour > node
    return edges(neighbour[larger], least[larger])


def small_star(found: Edges) -> Edges:
    """Return (node or neighbour, least). found: the nodes' edges to smaller ones, ascending."""
    node, neighbour = ends(found)
    least = _least(node, neighbour)
    bent = distinct(edges(np.concatenate([neighbour, node]), np.concatenate([least, least])))
    node, least = ends(bent)
    return np.asarray(bent[node != least])


def _least(node: NDArray[np.int64], neighbour: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the first neighbour of each row's node."""
    new = np.concatenate([[True], node[1:] != node[:-1]])[: len(node)]
    return np.asarray(neighbour[new][np.cumsum(new) - 1])


def _distinct(blobs: Sequence[bytes]) -> Edges:
    return distinct(joined(blobs, np.uint64))


def _to_nodes(found: Edges, parts: int) -> Iterator[Piece]:
    return dealt(found, ((found >> _HALF) % np.uint64(parts)).astype(np.int64))


def _state(rows: DataFrame) -> tuple[int, int]:
    """Return what changes when any edge does. Of one set of edges the blobs are the same."""
    found = rows.agg(F.count("*"), F.sum(F.xxhash64("part", "blob").cast("decimal(38,0)"))).first()
    assert found is not None
    return int(found[0]), int(found[1] or 0)
