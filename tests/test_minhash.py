"""Signatures against datasketch, the estimate against the truth, and what a key protects from."""

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from datasketch import LeanMinHash, MinHash
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.canonical import fold_table
from fingerprint.minhash import MinHasher, Settings, from_datasketch, similarity, to_datasketch

KEYS = [bytes([number]) * 32 for number in (1, 2, 3)]
HASHER = MinHasher(KEYS[0])

SCRIPTS = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзийклмнопрстуфх",
    "一丁七万丈三上下不与世界模型回答",
    "กขฃคฅฆงจฉชซ",
    "कखगघङचछजझञािीु",
    "가각갂갃간갅갆갇갈",
    "!?. 👍½ﷺ\u200b",
)

# 32-bit shingle hashes, the largest and least among them.
_SETS = st.sets(st.integers(0, 2**32 - 1) | st.sampled_from([0, 1, 2**31, 2**32 - 1]), min_size=1)


def random_text(rng: Random) -> str:
    letters = rng.choice(SCRIPTS) + rng.choice(SCRIPTS)
    return " ".join("".join(rng.choices(letters, k=rng.randint(1, 7))) for _ in range(rng.randint(0, 40)))


def datasketch_of(shingles: np.ndarray, seed: int = 1, num_perm: int = 128) -> MinHash:
    sketch = MinHash(num_perm, seed=seed, scheme="affine32", hashfunc=int)
    if len(shingles):
        sketch.update_batch(shingles.tolist())
    return sketch


def array(shingles: set[int]) -> np.ndarray:
    return np.array(list(shingles), dtype=np.uint32)


def test_signatures_are_datasketchs_bit_for_bit():
    rng = Random(11)
    texts = ["", " ", "?", "a", "\u200b", *(random_text(rng) for _ in range(9_995))]
    prints = HASHER.fingerprint(pa.array(texts))
    for text, ours in zip(texts, prints.signatures, strict=True):
        theirs = datasketch_of(HASHER.shingles(text))
        np.testing.assert_array_equal(ours, theirs.hashvalues, err_msg=repr(text))
    assert 0 < (~prints.visible).sum() < 500


@given(_SETS, st.sampled_from([(1, 128), (7, 16), (42, 256)]))
def test_sign_is_datasketchs_for_every_seed_and_size(shingles, shape):
    seed, num_perm = shape
    ours = MinHasher(KEYS[0], num_perm=num_perm, seed=seed).sign(array(shingles))
    np.testing.assert_array_equal(ours, datasketch_of(array(shingles), seed, num_perm).hashvalues)


@given(_SETS, _SETS)
def test_signature_of_a_union_is_the_elementwise_minimum(left, right):
    sign = MinHasher(KEYS[0], num_perm=16).sign
    np.testing.assert_array_equal(
        sign(array(left | right)), np.minimum(sign(array(left)), sign(array(right)))
    )


@given(_SETS.flatmap(lambda shingles: st.permutations([*shingles, *list(shingles)[:3]])))
def test_order_and_repeats_do_not_matter(shingles):
    sign = MinHasher(KEYS[0], num_perm=16).sign
    np.testing.assert_array_equal(
        sign(np.array(shingles, dtype=np.uint32)), sign(np.unique(shingles).astype(np.uint32))
    )


def test_an_empty_set_has_no_signature():
    with pytest.raises(ValueError, match="empty shingle set"):
        HASHER.sign(np.empty(0, np.uint32))


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 33])
def test_a_key_has_32_bytes(key):
    with pytest.raises(ValueError, match=f"32 bytes, not {len(key)}"):
        MinHasher(key)


def test_settings_name_the_key_without_giving_it_away():
    settings = HASHER.settings
    assert settings == MinHasher(KEYS[0]).settings
    assert settings.fold_table == fold_table().digest
    assert (settings.num_perm, settings.seed, settings.scheme) == (128, 1, "affine32")
    assert len({MinHasher(key).settings.key_id for key in KEYS}) == len(KEYS)
    assert KEYS[0].hex() not in repr(settings)


# Similarity


def test_similarity_is_the_share_of_equal_slots():
    rows = np.array([[1, 2, 3, 4], [1, 2, 0, 0], [9, 9, 9, 9]], dtype=np.uint32)
    assert similarity(rows, rows[0]).tolist() == [1.0, 0.5, 0.0]
    table = similarity(rows[:, None], rows[None])
    assert table.tolist() == [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]


def pair_of_texts(rng: Random, jaccard: float, words: int = 300) -> tuple[str, str, float]:
    """Two texts that begin alike, and the exact Jaccard similarity of their runs of three words."""
    shared = round((words - 2) * 2 * jaccard / (1 + jaccard))
    left = [f"w{rng.getrandbits(40)}" for _ in range(words)]
    right = left[: shared + 2] + [f"w{rng.getrandbits(40)}" for _ in range(words - shared - 2)]
    return " ".join(left), " ".join(right), shared / (2 * (words - 2) - shared)


@pytest.mark.parametrize("jaccard", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
def test_estimates_are_right_under_every_key(jaccard):
    """The promise: mean absolute error <= .05 with 128 permutations."""
    rng = Random(round(100 * jaccard))
    lefts, rights, truths = zip(*(pair_of_texts(rng, jaccard) for _ in range(40)), strict=True)
    seen = []
    for key in KEYS:
        hasher = MinHasher(key)
        left, right = (hasher.fingerprint(pa.array(texts)).signatures for texts in (lefts, rights))
        error = similarity(left, right) - np.array(truths)
        assert np.abs(error).mean() <= 0.05
        assert np.abs(error.mean()) <= 0.025  # four standard errors: no bias
        seen.append(left)
    assert (seen[0] != seen[1]).mean() > 0.99
    assert (seen[1] != seen[2]).mean() > 0.99


def test_different_keys_share_no_hash():
    text = " ".join(f"w{place}" for place in range(200))
    first, second = (MinHasher(key) for key in KEYS[:2])
    ours, theirs = (hasher.fingerprint(pa.array([text])) for hasher in (first, second))
    assert np.intersect1d(first.shingles(text), second.shingles(text)).size == 0
    assert np.intersect1d(ours.span_hashes, theirs.span_hashes).size == 0
    assert ours.canonical != theirs.canonical


def test_decoys_ground_for_one_key_do_nothing_under_another():
    """The attack: for every slot append the phrase with the least value, to both of two texts.

    Under the key it was ground for, unrelated texts then look alike; under another the estimate
    follows the truth, which is that they share the decoys.
    """
    rng = Random(8)
    known, secret = (MinHasher(key) for key in KEYS[:2])
    phrases = [" ".join(f"d{rng.getrandbits(40)}" for _ in range(20)) for _ in range(20_000)]
    least = known.fingerprint(pa.array(phrases)).signatures.argmin(axis=0)
    decoys = " ".join(phrases[number] for number in np.unique(least))
    texts = [" ".join([*(f"{side}{i}" for i in range(4_000)), decoys]) for side in "lr"]

    def estimate(hasher: MinHasher) -> float:
        return float(similarity(*hasher.fingerprint(pa.array(texts)).signatures))

    left, right = (set(secret.shingles(text).tolist()) for text in texts)
    truth = len(left & right) / len(left | right)
    assert truth < 0.3
    assert estimate(known) > 0.7
    assert estimate(secret) == pytest.approx(truth, abs=0.15)


# Exchange with datasketch


@given(_SETS)
def test_round_trip_through_datasketch(shingles):
    row = HASHER.sign(array(shingles))
    sketch = to_datasketch(row, HASHER.settings)
    np.testing.assert_array_equal(from_datasketch(sketch, HASHER.settings), row)
    assert sketch == LeanMinHash(datasketch_of(array(shingles)))


def test_datasketch_estimates_as_we_do():
    left, right, _ = pair_of_texts(Random(1), 0.6)
    rows = HASHER.fingerprint(pa.array([left, right])).signatures
    ours, theirs = (to_datasketch(row, HASHER.settings) for row in rows)
    assert ours.jaccard(theirs) == similarity(*rows)


@pytest.mark.parametrize(
    "sketch",
    [
        pytest.param(lambda: MinHash(128, seed=2, scheme="affine32"), id="seed"),
        pytest.param(lambda: MinHash(64, seed=1, scheme="affine32"), id="permutations"),
        pytest.param(lambda: MinHash(128, seed=1, scheme="legacy"), id="scheme"),
    ],
)
def test_a_sketch_of_other_settings_is_refused(sketch):
    with pytest.raises(ValueError, match="does not fit"):
        from_datasketch(LeanMinHash(sketch()), Settings("key", "table"))
