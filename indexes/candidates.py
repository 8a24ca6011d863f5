"""Which logged texts are worth comparing with a query, in time that no popular text can stretch.

A query's bands and spans each lead to a bucket of texts. A small bucket says much, one that a
million texts share says little, so buckets are emptied smallest first, through all segments
together, until BUDGET texts are found; of those that are left a few are taken from each segment.
Whatever has the query's own canonical form is always among the candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.minhash import Fingerprints
from indexes.lsh import BANDS, fold
from indexes.snapshot import Snapshot
from indexes.spans import span_keys

BUDGET = 10_000
_FEW = 8  # texts of a crowded bucket that are looked at, per segment
_CROWDED_SPANS = 8  # crowded spans that are counted in an estimate of containment


@dataclass(frozen=True)
class _Buckets:
    """ranges: (segments, buckets, 2) places. whole: (buckets,) which are emptied."""

    ranges: NDArray[np.int64]
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, ranges: list[NDArray[np.int64]], buckets: int) -> _Buckets:
        """Choose what is emptied: the smallest buckets, up to the budget."""
        table = np.stack(ranges) if ranges else np.zeros((0, buckets, 2), np.int64)
        size = (table[:, :, 1] - table[:, :, 0]).sum(axis=0)
        order = np.argsort(size, kind="stable")
        whole = np.zeros(buckets, dtype=np.bool_)
        whole[order] = np.cumsum(size[order]) <= BUDGET
        return cls(table, whole)

    def slices(self, segment: int) -> Iterator[tuple[int, int, int]]:
        """Yield (bucket, first, last) of what is to be looked at in one segment."""
        for bucket, (first, last) in enumerate(self.ranges[segment].tolist()):
            if last > first:
                yield bucket, first, last if self.whole[bucket] else min(last, first + _FEW)


def spelt_alike(
    snapshot: Snapshot, canonical: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (texts, which): every text of the given canonical forms, and each one's form."""
    texts, which = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for segment, first in zip(snapshot.segments, snapshot.first_text, strict=False):
        rows, form = segment.spellings(canonical)
        texts.append(rows + first)
        which.append(form)
    return np.concatenate(texts), np.concatenate(which)


def by_copy(snapshot: Snapshot, query: Fingerprints) -> NDArray[np.int64]:
    """Return texts that agree with a query (one fingerprint) in a band."""
    found = [spelt_alike(snapshot, query.canonical)[0]]
    if query.visible[0]:
        signature = fold(query.signatures[0])
        buckets = _Buckets.of([s.bands.ranges(signature) for s in snapshot.segments], BANDS)
        for number, segment in enumerate(snapshot.segments):
            texts, before = segment.bands.texts, snapshot.first_text[number]
            found += [texts[band, first:last] + before for band, first, last in buckets.slices(number)]
    return np.unique(np.concatenate(found))


def by_span(snapshot: Snapshot, query: Fingerprints) -> NDArray[np.int64]:
    """Return texts that share a sampled span with a query."""
    keys = span_keys(query.span_hashes)
    buckets = _Buckets.of([s.postings.ranges(keys) for s in snapshot.segments], len(keys))
    found = [np.empty(0, np.int64)]
    for number, segment in enumerate(snapshot.segments):
        postings, before = segment.postings, snapshot.first_text[number]
        found += [postings.texts(first, last) + before for _, first, last in buckets.slices(number)]
    return np.unique(np.concatenate(found))


def containment(snapshot: Snapshot, query: Fingerprints, texts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the (n,) estimated part of the query's spans that each text holds.

    texts: ascending. All the rare spans are counted; of the crowded ones a few stand for the rest.
    """
    keys = span_keys(query.span_hashes)
    if len(keys) == 0 or len(texts) == 0:
        return np.zeros(len(texts))
    buckets = _Buckets.of([s.postings.ranges(keys) for s in snapshot.segments], len(keys))
    crowded = np.flatnonzero(~buckets.whole)
    evenly = np.linspace(0, len(crowded) - 1, min(_CROWDED_SPANS, len(crowded)))
    asked = crowded[evenly.astype(np.int64)]
    weight = np.where(buckets.whole, 1.0, 0.0)
    weight[asked] = len(crowded) / max(1, len(asked))
    part = np.zeros(len(texts))
    for number, segment, places, rows in snapshot.by_segment(texts):
        for bucket in np.flatnonzero(weight).tolist():
            first, last = buckets.ranges[number, bucket].tolist()
            holding = segment.postings.texts(first, last)  # ascending
            if len(holding):
                at = np.searchsorted(holding, rows.astype(np.uint32)).clip(max=len(holding) - 1)
                part[places[holding[at] == rows]] += weight[bucket]
    return part / len(keys)
