"""LSH against a dictionary of bands, its S-curve, and buckets that stay connected however large."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.components import components
from campaigns.edges import near_copy_edges
from fingerprint.minhash import similarity
from indexes.lsh import BANDS, ROWS, BandTable, band_keys, bucket_pairs


def random_signatures(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 2**32, (count, 128), dtype=np.uint32)


def alike(rng: np.random.Generator, signatures: np.ndarray, jaccard: float) -> np.ndarray:
    """Signatures that keep each slot with the probability that is the Jaccard similarity."""
    kept = rng.random(signatures.shape) < jaccard
    return np.where(kept, signatures, random_signatures(rng, len(signatures)))


def bands(signature: np.ndarray) -> list[tuple[int, bytes]]:
    return [(band, signature[band * ROWS : (band + 1) * ROWS].tobytes()) for band in range(BANDS)]


@pytest.fixture(scope="module")
def log() -> np.ndarray:
    """300 signatures of which many share some bands, some all of them."""
    rng = np.random.default_rng(1)
    base = random_signatures(rng, 60)
    return np.concatenate([base, *(alike(rng, base, jaccard) for jaccard in (0.5, 0.7, 0.9, 1.0))])


def test_candidates_are_those_of_a_dictionary_of_bands(log):
    rng = np.random.default_rng(2)
    visible = rng.random(len(log)) < 0.8
    oracle = defaultdict(set)
    for row in np.flatnonzero(visible).tolist():
        for band in bands(log[row]):
            oracle[band].add(row)
    table = BandTable.build(log, visible)
    for query in (*log[::10], *random_signatures(rng, 5)):
        expected = sorted(set().union(*(oracle.get(band, ()) for band in bands(query))))
        assert table.candidates(query).tolist() == expected


def test_a_table_is_sorted_and_holds_the_visible_rows(log):
    visible = np.arange(len(log)) % 3 > 0
    table = BandTable.build(log, visible)
    assert table.keys.shape == table.texts.shape == (BANDS, visible.sum())
    assert (table.keys[:, 1:] >= table.keys[:, :-1]).all()
    np.testing.assert_array_equal(np.sort(table.texts, axis=1), np.tile(np.flatnonzero(visible), (BANDS, 1)))
    for band in range(BANDS):
        np.testing.assert_array_equal(table.keys[band], band_keys(log, band)[table.texts[band]])


def test_an_empty_table_has_no_candidates(log):
    table = BandTable.build(log, np.zeros(len(log), dtype=np.bool_))
    assert table.candidates(log[0]).tolist() == []


def test_blank_texts_are_nobodys_candidates():
    blank = np.full((3, 128), 0xFFFFFFFF, dtype=np.uint32)
    table = BandTable.build(blank, np.zeros(3, dtype=np.bool_))
    assert table.candidates(blank[0]).tolist() == []
    assert near_copy_edges(blank, np.zeros(3, dtype=np.bool_)).tolist() == []


def test_the_number_of_a_band_is_part_of_its_key():
    """One value in every slot: equal slots in different bands are no candidates."""
    flat = np.full((1, 128), 7, dtype=np.uint32)
    assert len({int(band_keys(flat, band)[0]) for band in range(BANDS)}) == BANDS


S_CURVE = [(0.9, 1, 1), (0.8, 0.998, 1), (0.7, 0.985, 1), (0.2, 0, 0.015)]


@pytest.mark.parametrize(("jaccard", "low", "high"), S_CURVE)
def test_candidates_follow_the_s_curve(jaccard, low, high):
    """P(candidate) = 1 - (1 - J^5)^25: .99 at .7, .008 at .2."""
    rng = np.random.default_rng(3)
    signatures = random_signatures(rng, 5000)
    queries = alike(rng, signatures, jaccard)
    shared = [band_keys(signatures, band) == band_keys(queries, band) for band in range(BANDS)]
    assert low <= np.any(shared, axis=0).mean() <= high


# Pairs of a bucket

_BUCKETS = st.lists(st.integers(0, 5), max_size=40).map(sorted)


def all_pairs(keys: list[int], texts: np.ndarray) -> set[tuple[int, int]]:
    places = range(len(keys))
    return {(int(texts[i]), int(texts[j])) for i in places for j in places if i < j and keys[i] == keys[j]}


def sorted_band(keys: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Keys with text rows of which those of a bucket ascend, but not those of the band."""
    order = np.argsort(np.arange(len(keys)) * 7 % max(1, len(keys)), kind="stable").astype(np.uint32)
    column = np.array(keys, dtype=np.uint64)
    texts = np.concatenate([np.sort(order[column == key]) for key in np.unique(column)] or [order])
    return column, texts.astype(np.uint32)


@given(_BUCKETS, st.integers(0, 10))
def test_pairs_connect_each_bucket_and_nothing_else(keys, widest):
    column, texts = sorted_band(keys)
    pairs = bucket_pairs(column, texts, widest)
    expected = all_pairs(keys, texts)
    found = set(map(tuple, pairs.tolist()))
    assert found <= expected
    assert len(found) == len(pairs)
    np.testing.assert_array_equal(
        components(len(keys), pairs), components(len(keys), np.array(sorted(expected), dtype=np.int64))
    )


@given(_BUCKETS)
def test_a_narrow_bucket_gives_all_its_pairs(keys):
    column, texts = sorted_band(keys)
    assert set(map(tuple, bucket_pairs(column, texts, 40).tolist())) == all_pairs(keys, texts)


def test_a_bucket_of_100_000_texts_stays_whole_and_cheap():
    size = 100_000
    keys = np.repeat(np.array([1, 5, 9], dtype=np.uint64), [3, size, 2])
    texts = np.arange(size + 5, dtype=np.uint32)
    pairs = bucket_pairs(keys, texts, 8)
    assert len(pairs) <= 2 * len(texts)
    labels = components(len(texts), pairs)
    assert labels.tolist() == [0] * 3 + [3] * size + [size + 3] * 2


# Verified edges


def test_edges_are_verified_and_none_between_the_alike_is_missed(log):
    """In buckets this small every pair is tried, so brute force finds the same edges."""
    visible = np.ones(len(log), dtype=np.bool_)
    threshold = 0.8
    edges = near_copy_edges(log, visible, threshold)
    agreement = similarity(log[:, None], log[None])
    assert (agreement[edges[:, 0], edges[:, 1]] >= threshold).all()
    assert (edges[:, 0] < edges[:, 1]).all()
    expected = np.argwhere(np.triu(agreement >= threshold, k=1))
    assert len(expected) > 100
    assert edges.tolist() == expected.tolist()


def test_edges_leave_out_the_invisible(log):
    copies = np.concatenate([log[:5], log[:5]])
    visible = np.arange(10) != 7
    assert near_copy_edges(copies, visible).tolist() == [[0, 5], [1, 6], [3, 8], [4, 9]]


def test_a_band_in_common_is_not_an_edge():
    """A flood of texts that agree in one band only: candidates all, edges none."""
    rng = np.random.default_rng(4)
    flood = random_signatures(rng, 3000)
    flood[:, :ROWS] = 7
    visible = np.ones(len(flood), dtype=np.bool_)
    assert len(BandTable.build(flood, visible).candidates(flood[0])) == 3000
    assert near_copy_edges(flood, visible).tolist() == []


def test_many_copies_stay_one_component():
    rng = np.random.default_rng(5)
    copies = np.repeat(random_signatures(rng, 2), 5000, axis=0)
    edges = near_copy_edges(copies, np.ones(len(copies), dtype=np.bool_))
    assert len(edges) <= 2 * len(copies)
    assert components(len(copies), edges).tolist() == [0] * 5000 + [5000] * 5000
