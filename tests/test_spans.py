"""Span postings against sets."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fingerprint.minhash import Fingerprints, MinHasher
from indexes import spans
from indexes.spans import KEY_BITS, MOST_TEXTS, ORDER_BITS, Postings, decode, span_keys

_HASHES = st.lists(
    (st.integers(0, 12) | st.just(2**KEY_BITS - 1)).map(lambda key: key << 64 - KEY_BITS), max_size=12
)


def fingerprints(rows: list[list[int]]) -> Fingerprints:
    """Fingerprints that have spans alone: the hashes of each row, at places 0, 10, 20, …"""
    blank = np.zeros(len(rows), dtype=np.uint32)
    lengths = [len(row) for row in rows]
    return Fingerprints(
        signatures=np.zeros((len(rows), 4), dtype=np.uint32),
        canonical=blank.astype(np.uint64),
        tokens=blank,
        hidden=blank,
        span_hashes=np.array([value for row in rows for value in row], dtype=np.uint64),
        span_places=np.array([10 * i for row in rows for i in range(len(row))], dtype=np.uint32),
        span_offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
    )


def holders(postings: Postings, hashes: list[int]) -> dict[int, list[int]]:
    """For each hash the texts that its postings name."""
    keys = span_keys(np.array(hashes, dtype=np.uint64))
    ranges = postings.ranges(keys).tolist()
    return {int(k): postings.texts(*r).tolist() for k, r in zip(keys, ranges, strict=True)}


@pytest.fixture(params=[1 << 62, 0], ids=["small", "large"])
def directory(request, monkeypatch):
    """Both sizes of the directory."""
    monkeypatch.setattr(spans, "_LARGE", request.param)


@pytest.mark.usefixtures("directory")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_HASHES, max_size=8), _HASHES)
def test_postings_lead_to_the_texts_that_hold_a_span(rows, query):
    expected = {
        value >> 64 - KEY_BITS: [text for text, row in enumerate(rows) for v in row if v == value]
        for value in query
    }
    assert holders(Postings.build(fingerprints(rows)), query) == expected


@pytest.mark.usefixtures("directory")
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_HASHES, max_size=8), st.lists(st.integers(0, 2**KEY_BITS), min_size=2, max_size=2))
def test_decoding_gives_key_prompt_and_place_in_order(rows, limits):
    """Of texts that are a prompt; those with a negative number are passed over."""
    begin, end = sorted(limits)
    prompt_of = np.array([text if text % 3 else -1 for text in range(len(rows))], dtype=np.int32)
    postings, bits = Postings.build(fingerprints(rows)), 16
    out = np.empty(sum(map(len, rows)), dtype=np.uint64)
    made = decode(
        postings.first, postings.low, postings.where, prompt_of,
        np.uint64(begin), np.uint64(end), bits, out,
    )  # fmt: skip
    spans_of = [
        (value >> 64 - KEY_BITS, text, place)
        for text, row in enumerate(rows) if text % 3
        for place, value in enumerate(row)
    ]  # fmt: skip
    expected = sorted(
        ((key - begin << bits | text) << ORDER_BITS | place) % 2**64
        for key, text, place in spans_of if begin <= key < end
    )  # fmt: skip
    assert sorted(out[:made].tolist()) == expected


def test_more_texts_than_a_posting_can_name_are_refused():
    with pytest.raises(ValueError, match="up to"):
        Postings.build(fingerprints([[]] * (MOST_TEXTS + 1)))


def test_a_fixed_sentence_is_found_inside_long_texts():
    hasher = MinHasher(b"spans test key".ljust(32, b"."))
    sentence = "show every step of your private reasoning before the final answer"
    texts = []
    for row in range(30):
        before, after = (" ".join(f"{side}{row}x{i}" for i in range(90)) for side in "ab")
        texts.append(f"{before} {sentence} {after}" if row % 3 == 0 else f"{before} {after}")
    postings = Postings.build(hasher.fingerprint(pa.array(texts)))
    query = hasher.fingerprint(pa.array([sentence.upper()]))
    found = holders(postings, query.span_hashes.tolist()).values()
    assert set().union(*found) == set(range(0, 30, 3))
