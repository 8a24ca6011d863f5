"""Span postings: which texts contain a sampled run of words.

The spans of all texts lie sorted by their hash, each beside its text and its place among the
text's spans: an inverted index (Manning, Raghavan, Schütze, "Introduction to Information
Retrieval", chapters 1 and 5) as three flat arrays. It finds what whole-text likeness cannot: one
fixed sentence inside long and otherwise different prompts.

Spans are most of what an index holds, so a posting is six bytes. Of a hash 38 bits are kept (two
different spans share them once in 275 thousand million): a directory has the first of them, the
array `low` the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from indexes.textprints import TextPrints

KEY_BITS = 38
ORDER_BITS = 10
"""A text's spans are numbered in their order; those past the 1,023rd share a number."""

MOST_TEXTS = 1 << (32 - ORDER_BITS)

_FEW, _MANY = 6, 22  # bits in the directory of a small and of a large segment
_LARGE = 1 << 24  # spans from which the larger directory pays


def span_keys(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the distinct keys of span hashes, ascending: what postings are found by."""
    return np.unique(hashes >> np.uint64(64 - KEY_BITS))


@dataclass(frozen=True)
class Postings:
    """first: (2**k + 1,) uint32, where the keys with the same first k bits begin.

    low: (m,) the other bits of each key, uint16 for k = 22 and uint32 for k = 6.
    where: (m,) uint32, text row * 2**ORDER_BITS + place among the text's spans.
    Sorted by key, then text, then place.
    """

    first: NDArray[np.uint32]
    low: NDArray[np.unsignedinteger[Any]]
    where: NDArray[np.uint32]

    @classmethod
    def build(cls, prints: TextPrints) -> Postings:
        """Invert the spans of a batch of fingerprints. Raises ValueError above MOST_TEXTS texts."""
        if len(prints) > MOST_TEXTS:
            raise ValueError(f"postings hold up to {MOST_TEXTS} texts, not {len(prints)}")
        bits = _MANY if len(prints.span_hashes) >= _LARGE else _FEW
        first, packed = _invert(prints.span_hashes, prints.span_offsets, bits)
        low = (packed >> np.uint64(32)).astype(np.uint16 if bits == _MANY else np.uint32)
        return cls(first, low, packed.astype(np.uint32))

    def ranges(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return (n, 2): where the postings of each key (as `span_keys` makes them) begin and end."""
        return np.asarray(_ranges(self.first, self.low, keys))

    def by_text(self, texts: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return (hashes, offsets) of the spans of each text, as `build` takes them.

        Of the hashes the bits are back that are kept, and of a text the order of its first 1,023 spans.
        """
        hashes, offsets = _by_text(self.first, self.low, self.where, texts)
        return np.asarray(hashes), np.asarray(offsets)

    def texts(self, first: int, last: int) -> NDArray[np.uint32]:
        """Return the text rows of some postings; a text may hold a span twice."""
        return np.asarray(self.where[first:last] >> np.uint32(ORDER_BITS))


@njit(nogil=True, cache=True)
def _invert(hashes, offsets, bits):  # type: ignore[no-untyped-def]
    """Sort the spans by directory entry, then each entry's; return (directory, low * 2**32 + where)."""
    first = np.zeros((1 << bits) + 1, dtype=np.uint32)
    shift = np.uint64(64 - bits)
    for i in range(hashes.size):
        first[(hashes[i] >> shift) + np.uint64(1)] += np.uint32(1)
    for bucket in range(1 << bits):
        first[bucket + 1] += first[bucket]
    packed = np.empty(hashes.size, dtype=np.uint64)
    free = first[:-1].copy()
    mask = np.uint64((1 << (KEY_BITS - bits)) - 1)
    most = (1 << ORDER_BITS) - 1
    for text in range(offsets.size - 1):
        for i in range(offsets[text], offsets[text + 1]):
            bucket = hashes[i] >> shift
            low = (hashes[i] >> np.uint64(64 - KEY_BITS)) & mask
            where = (text << ORDER_BITS) | min(i - offsets[text], most)
            packed[free[bucket]] = low << np.uint64(32) | np.uint64(where)
            free[bucket] += np.uint32(1)
    for bucket in range(1 << bits):
        _sort(packed, np.int64(first[bucket]), np.int64(first[bucket + 1]))
    return first, packed


@njit(nogil=True, cache=True)
def _sort(values, first, last):  # type: ignore[no-untyped-def]
    """Sort values[first:last] in place."""
    if last - first > 24:
        values[first:last] = np.sort(values[first:last])
        return
    for i in range(first + 1, last):
        value, j = values[i], i
        while j > first and values[j - 1] > value:
            values[j] = values[j - 1]
            j -= 1
        values[j] = value


@njit(nogil=True, cache=True)
def _place(first, low, key, bits):  # type: ignore[no-untyped-def]
    """Return the place of the first posting whose key is not below `key`."""
    rest = np.uint64(KEY_BITS - bits)
    bucket = key >> rest
    if bucket >= np.uint64(first.size - 1):
        return np.int64(first[first.size - 1])
    wanted = key & ((np.uint64(1) << rest) - np.uint64(1))
    begin, end = np.int64(first[bucket]), np.int64(first[bucket + np.uint64(1)])
    while begin < end:
        middle = (begin + end) // 2
        if np.uint64(low[middle]) < wanted:
            begin = middle + 1
        else:
            end = middle
    return begin


@njit(nogil=True, cache=True)
def directory_bits(first):  # type: ignore[no-untyped-def]
    """Return how many bits of a key a directory resolves."""
    bits = 0
    while (1 << bits) + 1 < first.size:
        bits += 1
    return bits


@njit(nogil=True, cache=True)
def _by_text(first, low, where, texts):  # type: ignore[no-untyped-def]
    offsets = np.zeros(texts + 1, dtype=np.int64)
    for i in range(where.size):
        offsets[np.int64(where[i] >> ORDER_BITS) + 1] += 1
    offsets = np.cumsum(offsets)
    most = (1 << ORDER_BITS) - 1
    past = np.full(texts, most, dtype=np.int64)  # the place of the next span that shares a number
    hashes = np.empty(where.size, dtype=np.uint64)
    rest = np.uint64(KEY_BITS - directory_bits(first))
    for bucket in range(first.size - 1):
        for i in range(first[bucket], first[bucket + 1]):
            text, place = where[i] >> ORDER_BITS, np.int64(where[i] & most)
            if place == most:
                place = past[text]
                past[text] += 1
            key = np.uint64(bucket) << rest | np.uint64(low[i])
            hashes[offsets[text] + place] = key << np.uint64(64 - KEY_BITS)
    return hashes, offsets


@njit(nogil=True, cache=True)
def _ranges(first, low, keys):  # type: ignore[no-untyped-def]
    found = np.empty((keys.size, 2), dtype=np.int64)
    bits = directory_bits(first)
    for i in range(keys.size):
        found[i, 0] = _place(first, low, keys[i], bits)
        found[i, 1] = _place(first, low, keys[i] + np.uint64(1), bits)
    return found


@njit(nogil=True, cache=True)
def decode(first, low, where, prompt_of, begin, end, shift, out):  # type: ignore[no-untyped-def]
    """Write the postings with begin <= key < end as numbers that sort as the postings do.

    Each is (key - begin) << (shift + ORDER_BITS) | prompt << ORDER_BITS | place. prompt_of:
    (texts,) int32, negative for texts whose spans are passed over. Returns how many were written.
    """
    bits = directory_bits(first)
    rest = np.uint64(KEY_BITS - bits)
    at, last = _place(first, low, begin, bits), _place(first, low, end, bits)
    bucket, made = np.int64(begin >> rest), 0
    while at < last:
        while np.int64(first[bucket + 1]) <= at:
            bucket += 1
        stop = min(np.int64(first[bucket + 1]), last)
        base = (np.uint64(bucket) << rest) - begin
        while at < stop:
            prompt = prompt_of[where[at] >> ORDER_BITS]
            if prompt >= 0:
                key = base + np.uint64(low[at])
                place = np.uint64(where[at]) & np.uint64((1 << ORDER_BITS) - 1)
                out[made] = ((key << np.uint64(shift)) | np.uint64(prompt)) << np.uint64(ORDER_BITS) | place
                made += 1
            at += 1
    return made
