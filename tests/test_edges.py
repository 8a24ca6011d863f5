"""Which pairs of prompts are compared: all of a small bucket, a star and a chain of a large one."""

from itertools import combinations

import numpy as np

from campaigns import edges
from campaigns.edges import bucket_keys, candidate_pairs, near_copy_clusters
from indexes import lsh


def alike(count, seed=0):
    """Signatures of so many near copies: each differs from one of them in a few slots."""
    draw = np.random.default_rng(seed)
    rows = np.repeat(draw.integers(0, 256, (1, 128), dtype=np.uint8), count, axis=0)
    for row in rows[1:]:
        row[draw.choice(128, 12, replace=False)] ^= 1
    return rows


def pairs_of(count, total=1000):
    return list(
        map(
            tuple, candidate_pairs((np.uint64(5) << np.uint64(10)) | np.arange(count, dtype=np.uint64), total)
        )
    )


def test_a_small_bucket_gives_all_its_pairs():
    assert sorted(pairs_of(8)) == list(combinations(range(8), 2))


def test_a_large_bucket_gives_a_star_and_a_chain():
    star, chain = {(0, i) for i in range(1, 500)}, {(i - 1, i) for i in range(1, 500)}
    found = pairs_of(500)
    assert set(found) == star | chain
    assert len(found) == len(set(found))


def test_buckets_do_not_mix():
    keys = np.sort(
        np.concatenate([bucket_keys(alike(3, seed), 0, np.arange(3) + 3 * seed, 9) for seed in range(3)])
    )
    assert all(left // 3 == right // 3 for left, right in candidate_pairs(keys, 9).tolist())


def test_blocks_of_pairs_change_no_cluster(monkeypatch):
    signatures = np.concatenate([alike(n, seed=n) for n in (1, 2, 5, 9, 30)])
    visible = lsh.visible(signatures)
    whole = near_copy_clusters(signatures, visible)
    monkeypatch.setattr(edges, "_BLOCK", 4)
    assert near_copy_clusters(signatures, visible).tolist() == whole.tolist()
    assert len(np.unique(whole)) == 5
