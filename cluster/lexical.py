"""Families of near copies by Spark: clusters of prompts that no shared span explains, of enough accounts.

A segment passes on of each cluster no more senders than make it a family, so a cluster of ten million
prompts costs as much as one of ten. Which clusters are families is small and goes back to every segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from campaigns.accounts import expand_ranges, sorted_distinct
from campaigns.families import MIN_ACCOUNTS
from cluster.naming import HALF, LOW, some_of_each
from cluster.numbers import Ints, Numbers
from cluster.stages import Piece, Stages, blobs, dealt, gathered, joined, spread
from cluster.stars import ends

_PARTS = 64  # that clusters are cut into
_COVERED = LOW  # stands for a sender: a shared span explains some prompt of the cluster


def with_near_copies(
    stages: Stages, numbers: Numbers, clusters: DataFrame, members: Callable[[int], Ints], families: int
) -> tuple[Ints, int, Ints, Ints]:
    """Return what `campaigns.families.families` takes.

    members: gives the (m, 2) span families and prompts of a segment; families: how many those are.
    """
    spark, count = stages.spark, len(numbers.segments)

    def settle(number: int, rows: list[bytes]) -> Iterator[Piece]:
        node, label = ends(np.sort(joined(rows, np.uint64)))
        numbers.write(number, clustered=node, label=label)
        yield number, b""

    stages.run("labels", lambda: gathered(clusters, settle))

    def looked_at(number: int) -> Iterator[Piece]:
        found, mine = members(number), numbers.of(number)
        yield from blobs(number, found)
        label, sole = labels_of(numbers, number)
        covered = sorted_distinct(found[:, 1] - mine.first)
        alone = np.zeros(len(mine), np.bool_)
        alone[covered] = True
        sent = np.diff(mine.sent_first)
        # A prompt without near copies is settled here, and so are nearly all.
        asked = np.flatnonzero(~sole | (~alone & (sent >= MIN_ACCOUNTS)))
        rows, which = expand_ranges(mine.sent_first[asked], mine.sent_first[asked + 1])
        pairs = some_of_each(label[asked][which] << HALF | mine.sent_by[rows])
        covered = covered[~sole[covered]]
        pairs = np.concatenate([pairs, sorted_distinct(label[covered] << HALF | _COVERED)])
        yield from dealt(pairs, (pairs >> HALF) % _PARTS, count)

    def enough(part: int, rows: list[bytes]) -> Iterator[Piece]:
        if part < count:
            yield from ((part, bytes(row)) for row in rows)
            return
        pairs = sorted_distinct(joined(rows, np.int64))
        label, first, known = np.unique(pairs >> HALF, return_index=True, return_counts=True)
        last = pairs[first + known - 1] if len(pairs) else pairs
        yield from blobs(part, label[(known >= MIN_ACCOUNTS) & (last & LOW != _COVERED)])

    kept = stages.rows("members", lambda: gathered(spread(spark, count, looked_at), enough))
    pairs = joined([blob for part, blob in kept if part < count], np.int64).reshape(-1, 2)
    labels = np.sort(joined([blob for part, blob in kept if part >= count], np.int64))
    shared = spark.sparkContext.broadcast(labels)

    def of_near_copies(number: int) -> Iterator[Piece]:
        label, _ = labels_of(numbers, number)
        prompt = np.flatnonzero(np.isin(label, shared.value))
        found = np.stack([label[prompt], prompt + int(numbers.first[number])], axis=1)
        return blobs(number, found)

    lexical = stages.rows("lexical", lambda: spread(spark, count, of_near_copies))
    return pairs, families, joined([blob for _, blob in lexical], np.int64).reshape(-1, 2), labels


def labels_of(numbers: Numbers, number: int) -> tuple[Ints, NDArray[np.bool_]]:
    """Return (n,) the cluster of each of a segment's prompts, and which have no near copies."""
    first, last = numbers.first[number : number + 2].tolist()
    label, sole = np.arange(first, last), np.ones(last - first, np.bool_)
    node = numbers.read(number, "clustered")
    label[node - first] = numbers.read(number, "label")
    sole[node - first] = False
    return label, sole
