"""Near copies by Spark: the buckets of `campaigns.edges`, its pairs and its comparison, dealt out.

The bucket keys of all segments meet band by band, each band cut by its keys' first bits; what pairs come of
them are dealt out by the segment of the later prompt, so that a pair found in many bands is compared
once. A bucket of ten million gives twenty million pairs, not their square, and those are dealt out too.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from campaigns.edges import bucket_keys, candidate_pairs, flatten, unite_alike
from cluster.numbers import Numbers
from cluster.stages import Piece, Stages, dealt, distinct, gathered, joined, spread
from cluster.stars import both_ways, components, edges, ends, labels
from indexes import lsh

_KEY_BITS = 22  # keys in one part, about: eight bytes each
_SHARES = 4  # parts that the pairs of a segment's prompts are cut into


def near_copies(stages: Stages, numbers: Numbers) -> DataFrame:
    """Find the near-copy clusters of `campaigns.edges.near_copy_clusters`; return them by segment.

    A segment's part has the labels of those of its prompts that have near copies, see `cluster.stars.labels`.
    """
    total = numbers.total
    cut = max(0, total.bit_length() - _KEY_BITS)
    parts = max(1, total >> _KEY_BITS)

    def keys(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        signatures = mine.signatures(np.arange(len(mine)))
        seen = lsh.visible(signatures)
        for band in range(lsh.BANDS):
            found = bucket_keys(signatures, band, mine.first + np.arange(len(mine)), total)[seen]
            yield from dealt(found, _first_bits(found, total, cut), band << cut)

    def pairs(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        found = candidate_pairs(np.sort(joined(blobs, np.uint64)), total)
        owner = numbers.owner(found[:, 1]) * _SHARES + found[:, 1] % _SHARES
        return dealt(edges(found[:, 0], found[:, 1]), owner)

    def compared(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        left, right = ends(distinct(joined(blobs, np.uint64)))
        nodes, place = np.unique(np.concatenate([left, right]), return_inverse=True)
        parent = np.arange(len(nodes))
        unite_alike(place.reshape(2, -1).T, numbers.signatures(nodes), parent)
        flatten(parent)
        moved = parent != np.arange(len(nodes))
        return both_ways(edges(nodes[moved], nodes[parent[moved]]), parts)

    def home(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        found = labels(blobs)
        return dealt(found, numbers.owner(ends(found)[0]))

    found = components(
        stages,
        "near copies",
        lambda: gathered(gathered(spread(stages.spark, len(numbers.segments), keys), pairs), compared),
        parts,
    )
    return stages.run("clusters", lambda: gathered(found, home))


def _first_bits(keys: NDArray[np.uint64], total: int, bits: int) -> NDArray[np.int64]:
    """Return the first bits of the band keys in bucket keys."""
    width = min(64, lsh.KEY_BITS + max(1, total.bit_length()))
    return (keys >> np.uint64(width - bits)).astype(np.int64) if bits else np.zeros(len(keys), np.int64)
