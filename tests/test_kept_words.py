"""What words tell of an index is found once: it outlives vectors, and neither more logs nor damage."""

from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from commands import run
from logsamples import line, litellm, log

from campaigns.gather import Ground
from campaigns.kept import fixed_texts_of, ground_of, report_of
from campaigns.representatives import template_texts
from fingerprint.bulk import load_bulk_encoder
from indexes import derived
from indexes.embed import embed_prompts, worth_embedding
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.vectors import FIXED_TEXT
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


@pytest.mark.parametrize("said", ["thank you dear", *TEMPLATES])
def test_a_report_where_meaning_has_nothing_to_ask_about(tmp_path, said):
    """All families are short, or words have settled them."""
    alike = entries([said], range(12))
    root = tmp_path / "index"
    ingest(Workspace.create(root, key=bytes(32)), [log(tmp_path, *alike, name="log.jsonl")])
    snapshot = opened(root)
    assert embed_prompts(snapshot, worth_embedding(snapshot), load_bulk_encoder())
    ground = ground_of(opened(root))
    assert ground.alike([np.arange(len(alike))]).size == 0
    assert report_of(opened(root)).requests == 12


def test_an_embedding_that_was_cut_off_before_the_templates_is_finished_by_the_next(root):
    snapshot = opened(root)
    embed_prompts(snapshot, worth_embedding(snapshot), load_bulk_encoder())
    for _ in range(2):
        assert run("index", "--index", root, "--embed", "bulk").exit_code == 0
        made = opened(root).workspace.manifest.vectors
        assert [one.model.endswith(FIXED_TEXT) for one in made] == [False, True]


def test_what_keeps_no_texts_is_not_to_be_embedded(tmp_path):
    where = "--index", tmp_path / "new", "--no-text", "--embed", "bulk"
    assert run("index", log(tmp_path, *entries(TEMPLATES, range(2)), name="l.jsonl"), *where).exit_code == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("gone", ["file", "folder"])
def test_what_is_removed_meanwhile_leaves_nothing_behind(root, monkeypatch, gone):
    fixed_texts_of(ground_of(opened(root)))
    unlink, first = os.unlink, []

    def beaten(path, *args, **options):
        """Another process is faster, once."""
        if not first:
            first.append(path)
            if gone == "folder":
                raise OSError(errno.ENOTEMPTY, "a file has come")
            unlink(path, *args, **options)
        unlink(path, *args, **options)

    monkeypatch.setattr(os, "unlink", beaten)
    derived.clear(root)
    assert first
    assert not (root / "derived").exists()


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
