"""Template families by Spark: spans counted through all segments, then joined, then who holds them.

Each segment's spans lie in the order of their keys, so a range of keys is cut out of every segment
and meets in one task, with who sends each span; of a segment's senders of one span no more than make it
template are passed on, so a span in half of all requests costs as much as one in a few. What is template
is small and goes back to every segment, where all spans of a prompt lie.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray
from pyspark.sql import DataFrame

from campaigns.families import (
    MIN_ACCOUNTS,
    Families,
    families,
    holders,
    neighbours,
    span_families,
    summed,
    together,
)
from campaigns.shared import some_senders
from cluster.lexical import with_near_copies
from cluster.numbers import Numbers, Prompts
from cluster.stages import Piece, Stages, blobs, dealt, distinct, gathered, joined, spread
from indexes.spans import KEY_BITS, MOST_TEXTS, ORDER_BITS, decode

_PROMPT_BITS = (MOST_TEXTS - 1).bit_length()
_SPAN_BITS = 64 - _PROMPT_BITS - ORDER_BITS
_LEAST_BITS = KEY_BITS + _PROMPT_BITS + ORDER_BITS - 64  # so that a posting fits 64 bits
_PART_BITS = 23  # spans in one part, about: eight bytes each
_TALLIES = 64  # parts that tallies are cut into


def find_families(stages: Stages, numbers: Numbers, clusters: DataFrame) -> Families:
    """Return the families of all prompts, as `campaigns.families.find_families` does.

    clusters: of near copies, as `cluster.copies.near_copies` leaves them.
    """
    spark, count = stages.spark, len(numbers.segments)
    postings = sum((folder / "span_where.npy").stat().st_size // 4 for folder in numbers.segments)
    cut = max(_LEAST_BITS, postings.bit_length() - _PART_BITS)
    key_bits = KEY_BITS - cut
    account_bits = 64 - key_bits

    def sent(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        p, owner = mine.segment.postings, mine.of_text
        for part in range(1 << cut):
            begin, end = part << key_bits, (part + 1) << key_bits
            first, last = p.ranges(np.array([begin, end - 1], dtype=np.uint64))[[0, 1], [0, 1]]
            packed = np.empty(last - first, dtype=np.uint64)
            limits = np.uint64(begin), np.uint64(end)
            packed = packed[: decode(p.first, p.low, p.where, owner, *limits, _PROMPT_BITS, packed)]
            packed.sort()
            found = some_senders(
                packed, _PROMPT_BITS, mine.sent_first, mine.sent_by, MIN_ACCOUNTS, account_bits
            )
            yield from blobs(part, found)

    def enough(part: int, rows: list[bytes]) -> Iterator[Piece]:
        key = distinct(joined(rows, np.uint64)) >> np.uint64(account_bits)
        first = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        shared = key[first[np.diff(np.append(first, len(key))) >= MIN_ACCOUNTS]]
        return blobs(part, shared + (np.uint64(part) << np.uint64(key_bits)))

    found = stages.rows("spans", lambda: gathered(spread(spark, count, sent), enough))
    shared = spark.sparkContext.broadcast(joined([blob for _, blob in found], np.uint64))
    spans = len(shared.value)

    def near(number: int) -> Iterator[Piece]:
        held = np.zeros(spans, dtype=np.int64)
        for tallies in neighbours(*standing(numbers.of(number), shared.value), held):
            yield from dealt(tallies, (tallies[:, 0] >> 31) * _TALLIES // spans)
        there = np.flatnonzero(held)
        yield from blobs(_TALLIES, np.stack([there, held[there]], axis=1))

    def add(part: int, rows: list[bytes]) -> Iterator[Piece]:
        return blobs(part, summed(joined(rows, np.int64).reshape(-1, 2)))

    tallies = stages.rows("neighbours", lambda: gathered(spread(spark, count, near), add))
    pairs, held = (
        joined([blob for part, blob in tallies if (part == _TALLIES) is last], np.int64).reshape(-1, 2)
        for last in (False, True)
    )
    holding = np.zeros(spans, dtype=np.int64)
    holding[held[:, 0]] = held[:, 1]
    family_of = spark.sparkContext.broadcast(span_families(spans, together(pairs, holding)))

    def members(number: int) -> NDArray[np.int64]:
        mine = numbers.of(number)
        prompt, span = standing(mine, shared.value)
        return holders(prompt + mine.first, span, family_of.value)

    size = int(family_of.value.max(initial=-1)) + 1
    return families(*with_near_copies(stages, numbers, clusters, members, size))


def standing(prompts: Prompts, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (prompts, spans): where shared spans stand in a segment, sorted by prompt, then place.

    keys: of the shared spans, ascending; a span's number is its place among them.
    """
    postings = prompts.segment.postings
    rows = _rows(postings.ranges(keys), postings.where, prompts.of_text, _SPAN_BITS)
    rows.sort()
    span = (rows & np.uint64((1 << _SPAN_BITS) - 1)).astype(np.int64)
    return (rows >> np.uint64(_SPAN_BITS + ORDER_BITS)).astype(np.int64), span


@njit(nogil=True, cache=True)
def _rows(ranges, where, owner, span_bits):  # type: ignore[no-untyped-def]
    """Return prompt, place and span of each posting in the ranges, one a span, as one number."""
    out = np.empty((ranges[:, 1] - ranges[:, 0]).sum(), dtype=np.uint64)
    made = 0
    for span in range(ranges.shape[0]):
        for i in range(ranges[span, 0], ranges[span, 1]):
            prompt = owner[where[i] >> ORDER_BITS]
            if prompt >= 0:
                place = np.uint64(where[i]) & np.uint64((1 << ORDER_BITS) - 1)
                stands = np.uint64(prompt) << np.uint64(ORDER_BITS) | place
                out[made] = stands << np.uint64(span_bits) | np.uint64(span)
                made += 1
    return out[:made]
