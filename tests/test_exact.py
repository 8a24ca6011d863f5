"""The oracle against a plainer oracle: double loops over Python sets and lists."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes import exact

_SETS = st.lists(st.sets(st.integers(0, 12) | st.just(2**32 - 1), max_size=12), max_size=8)
_THRESHOLDS = st.sampled_from(
    [Fraction(1, 10), Fraction(3, 10), Fraction(1, 2), Fraction(7, 10), Fraction(1)]
)


def double_loop(sets: list[set[int]], threshold: Fraction) -> list[list[int]]:
    return [
        [i, j]
        for i in range(len(sets))
        for j in range(i + 1, len(sets))
        if sets[i] and sets[j] and Fraction(len(sets[i] & sets[j]), len(sets[i] | sets[j])) >= threshold
    ]


@settings(max_examples=50)
@given(_SETS, _THRESHOLDS)
def test_jaccard_pairs_are_those_of_a_double_loop(sets, threshold):
    arrays = [np.array(sorted(each), dtype=np.uint32) for each in sets]
    pairs = exact.jaccard_pairs(arrays, float(threshold))
    assert pairs.shape == (len(pairs), 2)
    assert pairs.tolist() == double_loop(sets, threshold)


def test_jaccard_pairs_of_many_sets():
    rng = np.random.default_rng(1)
    base = [set(rng.integers(0, 60, 20).tolist()) for _ in range(30)]
    sets = [{value for value in each if rng.random() < 0.9} for each in base * 6]
    arrays = [np.array(sorted(each), dtype=np.uint32) for each in sets]
    expected = double_loop(sets, Fraction(7, 10))
    assert len(expected) > 100
    assert exact.jaccard_pairs(arrays, 0.7).tolist() == expected


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=10))
def test_similarities_are_the_share_of_equal_slots(rows):
    signatures = np.array(rows, dtype=np.uint32)
    for query in rows:
        expected = [sum(a == b for a, b in zip(row, query, strict=True)) / 5 for row in rows]
        assert exact.similarities(signatures, np.array(query, dtype=np.uint32)).tolist() == expected


_VECTORS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=12)


@given(_VECTORS, _VECTORS, st.integers(1, 15))
def test_nearest_is_the_largest_inner_product_ties_by_row(vectors, queries, k):
    found = exact.nearest(np.array(vectors, np.float32), np.array(queries, np.float32), k)
    products = [[a * c + b * d for c, d in vectors] for a, b in queries]
    assert found.tolist() == [sorted(range(len(row)), key=lambda i: (-row[i], i))[:k] for row in products]


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
def test_empty_sets_resemble_nothing(threshold):
    empty = np.empty(0, np.uint32)
    assert exact.jaccard_pairs([empty, empty, np.array([1], np.uint32)], threshold).tolist() == []
    assert exact.jaccard_pairs([], threshold).shape == (0, 2)
