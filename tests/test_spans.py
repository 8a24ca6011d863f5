"""Span postings against sets."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.minhash import Fingerprints, MinHasher
from indexes.spans import Postings

_HASHES = st.lists(st.integers(0, 12) | st.just(2**64 - 1), max_size=12)


def fingerprints(rows: list[list[int]]) -> Fingerprints:
    """Fingerprints that have spans alone: the hashes of each row, at places 0, 10, 20, …"""
    blank = np.zeros(len(rows), dtype=np.uint32)
    lengths = [len(row) for row in rows]
    return Fingerprints(
        signatures=np.zeros((len(rows), 4), dtype=np.uint32),
        raw=blank.astype(np.uint64),
        canonical=blank.astype(np.uint64),
        tokens=blank,
        hidden=blank,
        span_hashes=np.array([value for row in rows for value in row], dtype=np.uint64),
        span_places=np.array([10 * i for row in rows for i in range(len(row))], dtype=np.uint32),
        span_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def brute_force(rows: list[list[int]], query: list[int], widest: int) -> dict[int, int]:
    """For each text how many distinct spans of the query it has, common spans passed over."""
    holders = {value: {text for text, row in enumerate(rows) if value in row} for value in set(query)}
    rare = {value for value, texts in holders.items() if 0 < len(texts) <= widest} or set(holders)
    counts = {text: sum(text in holders[value] for value in rare) for text in range(len(rows))}
    return {text: count for text, count in counts.items() if count}


def matches(rows: list[list[int]], query: list[int], widest: int) -> dict[int, int]:
    texts, counts = Postings.build(fingerprints(rows)).matches(np.array(query, dtype=np.uint64), widest)
    assert texts.tolist() == sorted(set(texts.tolist()))
    return dict(zip(texts.tolist(), counts.tolist(), strict=True))


@given(
    st.lists(_HASHES.map(lambda row: list(dict.fromkeys(row))), max_size=8),
    _HASHES,
    st.integers(0, 6) | st.just(np.iinfo(np.int64).max),
)
def test_matches_are_those_of_sets(rows, query, widest):
    assert matches(rows, query, widest) == brute_force(rows, query, widest)


@given(st.lists(_HASHES, max_size=8), _HASHES)
def test_a_repeated_span_counts_once(rows, query):
    assert matches(rows, query, 10_000) == brute_force(rows, query, 10_000)


def test_a_span_is_common_by_the_texts_that_hold_it():
    """Else one text that repeats a phrase makes it too common to be searched for."""
    rows, query = [[1, 1, 1, 1], [1], [2]], [1, 2]
    assert matches(rows, query, 3) == brute_force(rows, query, 3) == {0: 1, 1: 1, 2: 1}


@given(st.lists(_HASHES, max_size=8))
def test_postings_are_the_spans_sorted_by_hash_then_text_then_place(rows):
    postings = Postings.build(fingerprints(rows))
    columns = (postings.hashes.tolist(), postings.texts.tolist(), postings.places.tolist())
    expected = sorted((v, text, 10 * i) for text, row in enumerate(rows) for i, v in enumerate(row))
    assert list(zip(*columns, strict=True)) == expected


def test_a_fixed_sentence_is_found_inside_long_texts():
    hasher = MinHasher(b"spans test key".ljust(32, b"."))
    sentence = "show every step of your private reasoning before the final answer"
    texts = []
    for row in range(30):
        before, after = (" ".join(f"{side}{row}x{i}" for i in range(90)) for side in "ab")
        texts.append(f"{before} {sentence} {after}" if row % 3 == 0 else f"{before} {after}")
    postings = Postings.build(hasher.fingerprint(pa.array(texts)))
    query = hasher.fingerprint(pa.array([sentence.upper()]))
    found, counts = postings.matches(query.span_hashes, 100)
    assert found.tolist() == list(range(0, 30, 3))
    assert (counts > 0).all()
