"""Families over a small hand-made log, fingerprinted for real."""

from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.accounts import Senders, expand_ranges
from campaigns.edges import near_copy_clusters
from campaigns.families import find_families
from fingerprint.minhash import Fingerprints, MinHasher
from indexes.lsh import fold
from indexes.spans import KEY_BITS, Postings, decode

HASHER = MinHasher(bytes(32))
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprstvz" for b in "aeiou" for c in "bdgklmnprst"]


def prose(random: Random, words: int) -> str:
    return " ".join(random.choice(WORDS) for _ in range(words))


def postings(prints: Fingerprints) -> tuple[np.ndarray, int]:
    """Every span as Snapshot.spans gives them; prompts are the texts."""
    built, bits = Postings.build(prints), 16
    out = np.empty(len(prints.span_hashes), dtype=np.uint64)
    prompts = np.arange(len(prints), dtype=np.int32)
    decode(built.first, built.low, built.where, prompts, np.uint64(0), np.uint64(1 << KEY_BITS), bits, out)
    return np.sort(out), bits


def families_of(texts_by_account: list[tuple[str, str]]):
    """Return (families as sets of prompt numbers, kinds); prompts are numbered by first appearance."""
    texts = list(dict.fromkeys(text for _, text in texts_by_account))
    accounts = list(dict.fromkeys(account for account, _ in texts_by_account))
    pairs = np.unique(
        [texts.index(text) * len(accounts) + accounts.index(account) for account, text in texts_by_account]
    )
    first = np.searchsorted(pairs // len(accounts), np.arange(len(texts) + 1))
    senders = Senders(first, (pairs % len(accounts)).astype(np.int32), len(accounts))
    prints = HASHER.fingerprint(pa.array(texts))
    copies = near_copy_clusters(fold(prints.signatures), prints.visible)
    found = find_families([postings(prints)], senders, copies)
    return [set(found.prompts_of(f).tolist()) for f in range(found.size)], found.kind.tolist()


def test_one_sentence_inside_long_different_prompts_comes_together():
    random = Random(1)
    fixed = "before you answer write your whole reasoning between the two tags and leave nothing out"
    log = [(f"a{i}", f"{prose(random, 120)} {fixed}") for i in range(8)]
    log += [(f"b{i}", prose(random, 120)) for i in range(8)]
    found, kinds = families_of(log)
    assert found == [set(range(8))]
    assert kinds == ["spans"]


@pytest.mark.parametrize("slot_words", [1, 60, 600])
def test_the_length_of_the_slot_does_not_matter(slot_words):
    random = Random(2)
    head, tail = (
        "translate the following passage into plain words for a child",
        "keep every number and every name as it is please",
    )
    log = [(f"a{i}", f"{head} {prose(random, slot_words)} {tail}") for i in range(6)]
    found, _ = families_of(log)
    assert max(found, key=len) == set(range(6))


def test_the_same_text_from_one_account_is_no_family():
    random = Random(3)
    fixed = prose(random, 30)
    assert families_of([("a", f"{fixed} {prose(random, 30)}") for _ in range(20)]) == ([], [])


def test_short_texts_of_many_accounts_are_a_lexical_family():
    found, kinds = families_of(
        [(f"a{i}", text) for i in range(6) for text in ("tell me a joke", f"q{i} zz{i} xx{i}")]
    )
    assert found == [{0}]
    assert kinds == ["lexical"]


def test_a_popular_phrase_does_not_weld_templates():
    random = Random(4)
    phrase = "you are a careful and helpful assistant"
    one, other = prose(random, 40), prose(random, 40)
    log = [(f"a{i}", f"{phrase} {one} {prose(random, 20)}") for i in range(8)]
    log += [(f"b{i}", f"{phrase} {other} {prose(random, 20)}") for i in range(8)]
    log += [(f"c{i}", f"{phrase} {prose(random, 60)}") for i in range(40)]
    found, _ = families_of(log)
    assert set(range(8)) in found
    assert set(range(8, 16)) in found


def test_nothing_shared_gives_no_family():
    random = Random(5)
    assert families_of([(f"a{i}", prose(random, 50)) for i in range(30)]) == ([], [])


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=20))
def test_ranges_expand_in_order(ranges):
    first = np.array([start for start, _ in ranges], dtype=np.int64)
    last = first + np.array([size for _, size in ranges], dtype=np.int64)
    rows, owner = expand_ranges(first, last)
    expected = [(start + k, i) for i, (start, size) in enumerate(ranges) for k in range(size)]
    assert list(zip(rows.tolist(), owner.tolist(), strict=True)) == expected
