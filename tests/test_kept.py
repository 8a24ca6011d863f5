"""What words tell of an index is found once: it outlives vectors, and neither more logs nor damage."""

from __future__ import annotations

import numpy as np
import pytest
from logsamples import line, litellm, log

from campaigns.gather import Ground
from campaigns.kept import fixed_texts_of, ground_of
from campaigns.representatives import template_texts
from fingerprint.bulk import load_bulk_encoder
from indexes.embed import embed_prompts, worth_embedding
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

TEMPLATES = [
    "Grade the following answer of a student for its reasoning, step by step, from one to ten: {}",
    "Write a unit test with edge cases for this function and explain what each case is there for: {}",
]


def entries(templates, accounts):
    return [
        line(
            litellm(
                id=f"{number}-{account}",
                messages=[{"role": "user", "content": text.format(f"slot {number} of {account} " * 9)}],
                metadata={"user_api_key_user_id": f"account-{account}"},
            )
        )
        for number, text in enumerate(templates)
        for account in accounts
    ]


@pytest.fixture
def root(tmp_path):
    ingest(
        Workspace.create(tmp_path / "index", key=bytes(32)),
        [log(tmp_path, *entries(TEMPLATES, range(8)), name="first.jsonl")],
    )
    return tmp_path / "index"


def opened(root):
    return Snapshot(Workspace.open(root))


def same(one, other):
    names = ("family", "prompt", "kind")
    return np.array_equal(one.copies, other.copies) and all(
        np.array_equal(getattr(one.words, name), getattr(other.words, name)) for name in names
    )


def never(*_):
    raise AssertionError("looked for again")


def test_words_are_looked_for_once_whatever_vectors_come(root, monkeypatch):
    expected = Ground.of(opened(root), lambda _: None)
    assert expected.words.size
    found = template_texts(opened(root))
    snapshot = opened(root)
    assert embed_prompts(snapshot, worth_embedding(snapshot), load_bulk_encoder())
    monkeypatch.setattr(Ground, "of", never)
    monkeypatch.setattr("campaigns.kept.fixed_texts", never)
    again = ground_of(opened(root))
    assert same(again, expected)
    assert again.fixed is not None
    assert len(again.fixed.texts) >= len(TEMPLATES)
    assert fixed_texts_of(again) is again.fixed
    assert template_texts(opened(root)).texts == found.texts


def test_another_log_changes_what_words_tell(root, tmp_path):
    before = ground_of(opened(root))
    fixed_texts_of(before)
    more = log(tmp_path, *entries([*TEMPLATES, "Prove by induction, with every step, that {}"], range(8, 16)))
    ingest(Workspace.open(root), [more])
    after = ground_of(opened(root))
    assert not same(after, before)
    assert same(after, Ground.of(opened(root), lambda _: None))
    assert after.fixed is None


@pytest.mark.parametrize("kind", ["words", "fixed"])
def test_what_was_damaged_is_found_anew(root, kind):
    expected = template_texts(opened(root))
    [kept] = (root / "derived").glob(f"{kind}-*")
    raw = bytearray(kept.read_bytes())
    raw[-3] ^= 1
    kept.write_bytes(raw)
    found = template_texts(opened(root))
    assert (found.texts, found.prompt.tolist()) == (expected.texts, expected.prompt.tolist())
    assert kept.read_bytes() != raw


@pytest.mark.parametrize("chosen", [[], [0], [0, 1]])
def test_fixed_texts_of_some_families(root, chosen):
    whole = fixed_texts_of(ground_of(opened(root)))
    families = np.unique(whole.family)[chosen]
    some = whole.of(families)
    rows = [row for row, family in enumerate(whole.family) if family in families]
    assert some.family.tolist() == whole.family[rows].tolist()
    assert some.prompt.tolist() == whole.prompt[rows].tolist()
    assert some.texts == [whole.texts[row] for row in rows]
