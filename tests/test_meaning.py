"""Semantic families: accounts that meet again and again in meaning, and topics that do not."""

import numpy as np

from campaigns.communities import communities
from campaigns.meaning import _again_and_again, _groups
from indexes import cells, exact, nearest
from indexes.nearest import mutual, neighbours


def test_dense_groups_come_out_of_a_loose_graph():
    rng = np.random.default_rng(1)
    left, right = np.sort(rng.integers(0, 400, (2, 900)), axis=0)
    cliques = [(a, b) for base in (0, 100) for a in range(base, base + 20) for b in range(base, a)]
    right = np.concatenate([right, [a for a, _ in cliques]])
    left = np.concatenate([left, [b for _, b in cliques]])
    apart = left != right
    group = communities(400, left[apart], right[apart], np.ones(apart.sum()), 0.3)
    assert len(set(group[:20])) == 1
    assert len(set(group[100:120])) == 1
    assert group[0] != group[100]
    assert np.bincount(group).max() <= 25
    np.testing.assert_array_equal(
        communities(400, left[apart], right[apart], np.ones(apart.sum()), 0.3), group
    )


def test_a_graph_without_edges_falls_apart():
    none = np.empty(0, np.int64)
    assert len(set(communities(5, none, none, np.empty(0), 0.1))) == 5


def test_neighbours_are_those_of_brute_force(monkeypatch):
    monkeypatch.setattr(nearest, "_CELLS", 1000)
    codes = cells.quantised(np.random.default_rng(2).standard_normal((300, 32)).astype(np.float32))
    rows, cosines = neighbours(codes.__getitem__, len(codes), 10)
    expected = exact.nearest(cells.unit(codes), cells.unit(codes), 11)[:, 1:]
    assert np.mean(rows == expected) > 0.999
    assert np.all(np.diff(cosines, axis=1) <= 0)


def test_a_crowd_of_one_meaning_is_cut_and_nobody_is_its_own_neighbour(monkeypatch):
    monkeypatch.setattr(nearest, "_MOST", 50)
    codes = np.tile(np.arange(1, 33, dtype=np.int8), (1000, 1))
    rows, cosines = neighbours(codes.__getitem__, len(codes), 5)
    assert np.all(rows >= 0)
    assert np.all(rows != np.arange(1000)[:, None])
    np.testing.assert_allclose(cosines, 1, atol=1e-5)
    for few in (0, 1):
        rows, cosines = neighbours(codes[:few].__getitem__, few, 5)
        assert rows.tolist() == [[-1] * 5] * few
        assert mutual(rows, cosines, 0.6)[0].size == 0
    assert np.all(neighbours(np.zeros((300, 32), np.int8).__getitem__, 300, 5)[1] <= 0)


def test_neighbours_along_the_leading_directions_are_near_all_those_of_brute_force():
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((100, 512))
    vectors = centres[rng.integers(0, 100, 3000)] + 0.7 * rng.standard_normal((3000, 512))
    codes = cells.quantised(vectors.astype(np.float32))
    rows, cosines = neighbours(codes.__getitem__, len(codes), 10)
    expected = exact.nearest(cells.unit(codes), cells.unit(codes), 11)[:, 1:]
    assert np.mean([len(set(a) & set(b)) for a, b in zip(rows, expected, strict=True)]) > 8
    kept = np.einsum("nd,nkd->nk", cells.unit(codes), cells.unit(codes)[rows])
    np.testing.assert_allclose(cosines, kept, atol=1e-4)


def test_mutual_pairs_are_listed_once():
    rows = np.array([[1, -1], [0, 2], [3, -1], [2, 0]], dtype=np.int32)
    cosines = np.where(rows < 0, -1, 0.9).astype(np.float32)
    left, right = mutual(rows, cosines, 0.6)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (2, 3)]
    assert mutual(rows, cosines, 0.95)[0].size == 0


def test_who_meets_again_and_again_is_a_group_and_a_topic_is_not():
    rng = np.random.default_rng(3)
    operator = rng.integers(0, 30, (2, 200))  # 30 accounts, 200 meetings
    topic = rng.integers(30, 1030, (2, 3000))  # a thousand people, 3,000 meetings
    left, right = np.concatenate([operator, topic], axis=1)
    apart = left != right
    account = np.arange(1030)
    group = _groups(account, left[apart], right[apart], 1030)
    assert np.all(group[:30] == group[0])
    assert group[0] >= 0
    assert np.mean(group[30:] >= 0) < 0.2  # by ones and twos, which the next step lets go
    member = np.repeat(np.arange(1030), 1)
    assert set(account[_again_and_again(account, group, member)]) == set()
    requests = np.concatenate([np.repeat(np.arange(30), 5), np.arange(30, 1030)])
    kept = _again_and_again(requests, group, np.arange(len(requests)))
    assert set(requests[kept]) == set(range(30))
