"""LSH against a dictionary of bands, its S-curve, and buckets that stay connected however large."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.components import components
from campaigns.edges import near_copy_clusters
from indexes.lsh import BANDS, ROWS, BandTable, band_keys, fold, likeness, visible


def random_signatures(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 256, (count, 128), dtype=np.uint8)


def alike(rng: np.random.Generator, signatures: np.ndarray, jaccard: float) -> np.ndarray:
    """Signatures that keep each slot with the probability that is the Jaccard similarity."""
    kept = rng.random(signatures.shape) < jaccard
    return np.where(kept, signatures, random_signatures(rng, len(signatures)))


def bands(signature: np.ndarray) -> list[tuple[int, bytes]]:
    return [(band, signature[band * ROWS : (band + 1) * ROWS].tobytes()) for band in range(BANDS)]


def candidates(table: BandTable, signature: np.ndarray) -> list[int]:
    return sorted(
        set(np.concatenate([table.texts(a, b) for a, b in table.ranges(signature).tolist()]).tolist())
    )


@pytest.fixture(scope="module")
def log() -> np.ndarray:
    """300 signatures of which many share some bands, some all of them."""
    rng = np.random.default_rng(1)
    base = random_signatures(rng, 60)
    return np.concatenate([base, *(alike(rng, base, jaccard) for jaccard in (0.5, 0.7, 0.9, 1.0))])


def test_candidates_are_those_of_a_dictionary_of_bands(log):
    rng = np.random.default_rng(2)
    shown = rng.random(len(log)) < 0.8
    oracle = defaultdict(set)
    for row in np.flatnonzero(shown).tolist():
        for band in bands(log[row]):
            oracle[band].add(row)
    table = BandTable.build(log, shown)
    for query in (*log[::10], *random_signatures(rng, 5)):
        expected = sorted(set().union(*(oracle.get(band, ()) for band in bands(query))))
        assert candidates(table, query) == expected


def test_a_table_is_sorted_and_holds_the_visible_rows(log):
    shown = np.arange(len(log)) % 3 > 0
    table = BandTable.build(log, shown)
    texts = table.texts(0, table.places.size).reshape(BANDS, -1)
    np.testing.assert_array_equal(np.sort(texts, axis=1), np.tile(np.flatnonzero(shown), (BANDS, 1)))
    for band in range(BANDS):
        keys = band_keys(log, band)[texts[band]]
        assert (keys[1:] >= keys[:-1]).all()
        assert table.first[band, 0] == 0
        assert table.first[band, -1] == shown.sum()


def test_an_empty_table_has_no_candidates(log):
    table = BandTable.build(log, np.zeros(len(log), dtype=np.bool_))
    assert candidates(table, log[0]) == []


def test_blank_texts_are_nobodys_candidates():
    blank = fold(np.full((3, 128), 0xFFFFFFFF, dtype=np.uint32))
    assert not visible(blank).any()
    assert candidates(BandTable.build(blank, visible(blank)), blank[0]) == []
    assert near_copy_clusters(blank, visible(blank)).tolist() == [0, 1, 2]


def test_eight_bits_of_a_minimum_are_drawn_from_all_of_it():
    """Minima of long texts are small; few distinct ones may agree."""
    minima = np.arange(0, 1 << 20, 97, dtype=np.uint32)
    counts = np.bincount(fold(minima), minlength=256)
    assert counts.max() < 2 * counts.mean()
    assert counts.min() > counts.mean() / 2


@pytest.mark.parametrize("jaccard", [0.0, 0.3, 0.7, 1.0])
def test_likeness_takes_off_what_eight_bits_share_by_chance(jaccard):
    rng = np.random.default_rng(6)
    signatures = random_signatures(rng, 5000)
    assert abs(likeness(signatures, alike(rng, signatures, jaccard)).mean() - jaccard) < 0.005


S_CURVE = [(0.9, 1, 1), (0.8, 0.998, 1), (0.7, 0.985, 1), (0.2, 0, 0.015)]


@pytest.mark.parametrize(("jaccard", "low", "high"), S_CURVE)
def test_candidates_follow_the_s_curve(jaccard, low, high):
    """P(candidate) = 1 - (1 - J^5)^25: .99 at .7, .008 at .2."""
    rng = np.random.default_rng(3)
    signatures = random_signatures(rng, 5000)
    queries = alike(rng, signatures, jaccard)
    shared = [band_keys(signatures, band) == band_keys(queries, band) for band in range(BANDS)]
    assert low <= np.any(shared, axis=0).mean() <= high


# Clusters of verified edges


def test_clusters_are_those_of_brute_force(log):
    """In buckets this small every pair is tried."""
    threshold = 0.8
    agreement = (log[:, None] == log[None]).mean(axis=2)
    pairs = np.argwhere(np.triu(agreement >= threshold, k=1))
    assert len(pairs) > 100
    found = near_copy_clusters(log, np.ones(len(log), dtype=np.bool_), threshold)
    np.testing.assert_array_equal(found, components(len(log), pairs))
    assert len(np.unique(found)) > 50


def test_clusters_leave_out_the_invisible(log):
    copies = np.concatenate([log[:5], log[:5]])
    shown = np.arange(10) != 7
    assert near_copy_clusters(copies, shown).tolist() == [0, 1, 2, 3, 4, 0, 1, 7, 3, 4]


def test_a_band_in_common_is_not_an_edge():
    """A flood of texts that agree in one band only: candidates all, edges none."""
    flood = random_signatures(np.random.default_rng(4), 3000)
    flood[:, :ROWS] = 7
    shown = np.ones(len(flood), dtype=np.bool_)
    assert len(candidates(BandTable.build(flood, shown), flood[0])) == 3000
    assert near_copy_clusters(flood, shown).tolist() == list(range(3000))


def test_copies_in_a_flood_are_still_found():
    """Copies stand side by side in the order of another band, whatever floods one of them."""
    rng = np.random.default_rng(7)
    flood = random_signatures(rng, 3000)
    flood[1500:1600] = flood[:100]
    flood[:, :ROWS] = 7
    found = near_copy_clusters(flood, np.ones(len(flood), dtype=np.bool_))
    assert found[1500:1600].tolist() == list(range(100))


def test_many_copies_stay_one_component():
    copies = np.repeat(random_signatures(np.random.default_rng(5), 2), 5000, axis=0)
    found = near_copy_clusters(copies, np.ones(len(copies), dtype=np.bool_))
    assert found.tolist() == [0] * 5000 + [5000] * 5000


@given(st.lists(st.integers(0, 5), max_size=40))
def test_every_bucket_stays_whole(rows):
    """Whatever the order and number of copies, equal signatures are one cluster."""
    copies = random_signatures(np.random.default_rng(8), 6)[np.array(rows, dtype=np.int64)]
    found = near_copy_clusters(copies, np.ones(len(rows), dtype=np.bool_))
    assert found.tolist() == [rows.index(row) for row in rows]
