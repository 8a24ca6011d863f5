"""Which logged texts are worth comparing with a query, in time that no popular text can stretch.

A query's bands and spans each lead to a bucket of texts. A small bucket says much, one that a
million texts share says little, so buckets are emptied smallest first, through all segments
together, until BUDGET texts are found; of those that are left a few are taken from each segment.
Whatever has the query's own canonical form is always among the candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fingerprint.minhash import Fingerprints
from indexes.directory import HINT_BITS
from indexes.lsh import fold
from indexes.snapshot import Snapshot
from indexes.spans import ORDER_BITS, span_keys

BUDGET = 10_000
_FEW = 8  # texts of a crowded bucket that are looked at, per segment
_CROWDED_SPANS = 8  # crowded spans that are counted in an estimate of containment


@dataclass(frozen=True)
class _Buckets:
    """ranges: (segments, buckets, 2) places. whole: (buckets,) which are emptied."""

    ranges: NDArray[np.int64]
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, ranges: list[NDArray[np.int64]]) -> _Buckets:
        """Choose what is emptied: the smallest buckets, up to the budget."""
        table = np.stack(ranges) if ranges else np.zeros((0, 0, 2), np.int64)
        size = (table[:, :, 1] - table[:, :, 0]).sum(axis=0)
        order = np.argsort(size, kind="stable")
        whole = np.zeros(len(size), dtype=np.bool_)
        whole[order] = np.cumsum(size[order]) <= BUDGET
        return cls(table, whole)

    def rows(self, places: Sequence[NDArray[np.uint32]], bits: int) -> list[NDArray[np.uint32]]:
        """Return each segment's rows that are to be looked at; places hold them above some bits."""
        first, last = self.ranges[:, :, 0], self.ranges[:, :, 1]
        last = np.where(self.whole, last, np.minimum(last, first + _FEW))
        found: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)] * len(places)
        for segment in np.flatnonzero((last > first).any(axis=1)).tolist():
            found[segment] = _rows(places[segment], first[segment], last[segment], np.uint32(bits))
        return found


def spelt_alike(
    snapshot: Snapshot, canonical: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (texts, which): every text of the given canonical forms, and each one's form."""
    found = [segment.spellings(canonical) for segment in snapshot.segments]
    which = [np.empty(0, np.int64), *(form for _, form in found)]
    return _numbered(snapshot, [rows for rows, _ in found]), np.concatenate(which)


@dataclass(frozen=True)
class Candidates:
    """What a snapshot holds like a query, which is one fingerprint."""

    snapshot: Snapshot
    query: Fingerprints

    def by_copy(self) -> NDArray[np.int64]:
        """Return texts that agree with the query in a band, ascending."""
        found = [spelt_alike(self.snapshot, self.query.canonical)[0]]
        if self.query.visible[0]:
            tables, signature = [s.bands for s in self.snapshot.segments], fold(self.query.signatures[0])
            buckets = _Buckets.of([table.ranges(signature) for table in tables])
            rows = buckets.rows([table.places.reshape(-1) for table in tables], HINT_BITS)
            found.append(_numbered(self.snapshot, rows))
        return np.unique(np.concatenate(found))

    def by_span(self) -> NDArray[np.int64]:
        """Return texts that share a sampled span with the query, ascending."""
        where = [segment.postings.where for segment in self.snapshot.segments]
        return np.unique(_numbered(self.snapshot, self._spans.rows(where, ORDER_BITS)))

    def containment(self, texts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the (n,) estimated part of the query's spans that each text holds.

        texts: ascending. All the rare spans are counted; of the crowded ones a few stand for the rest.
        """
        part = np.zeros(len(texts))
        if len(self._keys) == 0:
            return part
        crowded = np.flatnonzero(~self._spans.whole)
        evenly = np.linspace(0, len(crowded) - 1, min(_CROWDED_SPANS, len(crowded)))
        asked = crowded[evenly.astype(np.int64)]
        weight = np.where(self._spans.whole, 1.0, 0.0)
        weight[asked] = len(crowded) / max(1, len(asked))
        for number, segment, places, rows in self.snapshot.by_segment(texts):
            where, ranges = segment.postings.where, self._spans.ranges[number]
            part[places] = _held(where, ranges, weight, rows.astype(np.uint32))
        return part / len(self._keys)

    @cached_property
    def _keys(self) -> NDArray[np.uint64]:
        return span_keys(self.query.span_hashes)

    @cached_property
    def _spans(self) -> _Buckets:
        return _Buckets.of([segment.postings.ranges(self._keys) for segment in self.snapshot.segments])


def _numbered(snapshot: Snapshot, rows: Sequence[NDArray[np.uint32]]) -> NDArray[np.int64]:
    """Return the numbers of the texts that are rows of the segments."""
    before = np.repeat(snapshot.first_text[:-1], [len(mine) for mine in rows])
    return np.concatenate([np.empty(0, np.uint32), *rows]) + before


@njit(nogil=True, cache=True)
def _rows(places, first, last, bits):  # type: ignore[no-untyped-def]
    rows, made = np.empty((last - first).sum(), dtype=np.uint32), 0
    for bucket in range(first.size):
        for place in range(first[bucket], last[bucket]):
            rows[made] = places[place] >> bits
            made += 1
    return rows


@njit(nogil=True, cache=True)
def _held(where, ranges, weight, rows):  # type: ignore[no-untyped-def]
    """Return (n,) the weights of the spans that each of some rows (ascending) holds, added up."""
    part = np.zeros(rows.size)
    bits = np.uint32(ORDER_BITS)
    for bucket in np.flatnonzero(weight):
        place, end = ranges[bucket]
        i = 0
        while i < rows.size and place < end:
            row = where[place] >> bits
            if row < rows[i]:
                place = _skipped(where, bits, place, end, rows[i])
            elif row > rows[i]:
                i = _skipped(rows, np.uint32(0), i, rows.size, row)
            else:
                part[i] += weight[bucket]
                i += 1
    return part


@njit(nogil=True, cache=True)
def _skipped(values, bits, at, end, row):  # type: ignore[no-untyped-def]
    """Return the first place after `at`, whose row is smaller, that is of a row or of a larger one.

    The leaps double, so neither a long list of postings nor one of rows is read in full.
    """
    leap = 1
    while at + leap < end and values[at + leap] >> bits < row:
        at += leap
        leap *= 2
    low, high = at + 1, min(at + leap, end)
    while low < high:
        middle = (low + high) // 2
        if values[middle] >> bits < row:
            low = middle + 1
        else:
            high = middle
    return low
