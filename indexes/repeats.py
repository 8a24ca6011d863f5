"""Requests that a log holds more than once: two loggers, a chain's span and its generation's, retries
of an upload.

A request repeats another where the log gives both one id, and account and prompt agree: then the
first one counts. One id with other contents is a conflict, and both are kept. What the log gives
no id repeats nothing: the same prompt ten times is ten requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from fingerprint.identity import identities
from fingerprint.minhash import MinHasher
from indexes.segment import PROMPT_SEGMENTS, SegmentReader
from promptlog.record import UNNAMED

Names = NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)


def repeats(table: pa.Table, earlier: Sequence[SegmentReader], hasher: MinHasher) -> NDArray[np.bool_]:
    """Return (n,) which rows of a table of promptlog's schema repeat a row before or in `earlier`.

    Ids are compared by their names, sorted; the rest only where an id returns, which is seldom.
    """
    ids = identities(table.column("request_id"), hasher.derive(b"request id"))
    suspects = _returning(ids, earlier)
    suspects &= ~pc.starts_with(table.column("request_id"), UNNAMED).to_numpy().astype(np.bool_)
    found = np.zeros(len(ids), dtype=np.bool_)
    rows = np.flatnonzero(suspects)
    if len(rows):
        contents = _contents(table.take(rows), ids[rows], hasher)
        before = [_contents_in(segment, np.unique(ids[rows])) for segment in earlier]
        _, first = np.unique(contents, return_index=True)
        found[rows] = True
        found[rows[first]] = False
        found[rows] |= np.isin(contents, np.concatenate([np.empty(0, np.uint64), *before]))
    return found


def _returning(ids: Names, earlier: Sequence[SegmentReader]) -> NDArray[np.bool_]:
    """Return (n,) which ids are there twice, or in an earlier segment."""
    order = np.argsort(ids)
    ascending = ids[order]
    returning = np.zeros(len(ids), dtype=np.bool_)
    twice = ascending[1:] == ascending[:-1]
    returning[1:] = twice
    returning[:-1] |= twice
    for segment in earlier:
        _mark_common(ascending, segment.ids[0], returning)
    found = np.empty(len(ids), dtype=np.bool_)
    found[order] = returning
    return found


@njit(nogil=True, cache=True)
def _mark_common(ascending, names, found):  # type: ignore[no-untyped-def]
    """Set found[i] where ascending[i] is among the names, which ascend too.

    Each search goes on from the one before, in steps that double, then halve: the segments are
    many, and a binary search of each id in each of them would cost a log of millions its length.
    """
    place = 0
    for i in range(ascending.size):
        step = 1
        while place + step <= names.size and names[place + step - 1] < ascending[i]:
            place += step
            step *= 2
        while step > 1:
            step //= 2
            if place + step <= names.size and names[place + step - 1] < ascending[i]:
                place += step
        found[i] |= place < names.size and names[place] == ascending[i]


def _contents(table: pa.Table, ids: Names, hasher: MinHasher) -> Names:
    """Return (n,) names of requests' contents: id, account, and the canonical form of each segment."""
    accounts = identities(table.column("account"), hasher.derive(b"account"))
    texts = pa.chunked_array(
        [table.column(name).combine_chunks().cast(pa.large_string()) for name in PROMPT_SEGMENTS]
    )
    encoded = texts.combine_chunks().dictionary_encode()
    canonical = hasher.fingerprint(encoded.dictionary).canonical
    canonical[pc.equal(encoded.dictionary, "").to_numpy(zero_copy_only=False)] = 0
    return _mixed([ids, accounts, *canonical[encoded.indices.to_numpy()].reshape(len(PROMPT_SEGMENTS), -1)])


def _contents_in(segment: SegmentReader, ids: Names) -> Names:
    """Return the names of the contents of a segment's requests with one of the ids, which ascend."""
    names, order = segment.ids
    first, last = np.searchsorted(names, ids, "left"), np.searchsorted(names, ids, "right")
    places = np.concatenate([np.empty(0, np.int64), *map(np.arange, first[last > first], last[last > first])])
    if not len(places):
        return np.empty(0, np.uint64)
    return contents_of(segment, names[places], order[places])


def contents_of(segment: SegmentReader, ids: Names, rows: NDArray[np.integer[Any]]) -> Names:
    """Return the names of the contents of some requests of a segment, given the names of their ids."""
    table = segment.requests(PROMPT_SEGMENTS)
    texts = [table.column(name).to_numpy()[rows] for name in PROMPT_SEGMENTS]
    canonical = [np.where(text < 0, np.uint64(0), segment.canonical[text]) for text in texts]
    return _mixed([ids, segment.accounts[rows], *canonical])


def _mixed(columns: Sequence[Names]) -> Names:
    """Return one name for the names in each row."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column) * _PRIME
        mixed ^= mixed >> np.uint64(32)
    return mixed
