"""Embedding an index and searching it by meaning, with a stand-in encoder."""

import contextlib
import errno
import json

import numpy as np
import pytest

from campaigns.representatives import representatives
from indexes import durable, vectors
from indexes.compact import compact
from indexes.embed import embed_prompts, neighbours, reordered, worth_embedding
from indexes.errors import NoVectors, SettingsMismatch, WorkspaceError, WriteFailed
from indexes.ingest import ingest
from indexes.search import By, search
from indexes.senders import Filters
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


class Letters:
    """Embeds a text by how often it uses each letter: close texts, close vectors."""

    def __init__(self, sha256: str = "a" * 64) -> None:
        self.name, self.sha256, self.dimensions, self.calls = "letters", sha256, 26, 0

    def encode(self, texts):
        self.calls += len(texts)
        counts = np.array(
            [[t.casefold().count(chr(97 + i)) for i in range(26)] for t in texts], dtype=np.float32
        )
        return counts / np.linalg.norm(counts, axis=1, keepdims=True).clip(1e-9)


def test_a_full_disk_is_said_while_embedding(workspace, monkeypatch):
    snapshot = Snapshot(workspace)
    monkeypatch.setattr(vectors, "FLAT_ROWS", 2)  # so that the set has cells too
    for name in ("vectors.npy", "prompts.npy", "centres.npy", "cells.npy"):
        with monkeypatch.context() as patched:
            patched.setattr(vectors, "new_file", full(name))
            with pytest.raises(WriteFailed, match="No space left on device"):
                embed_prompts(snapshot, np.arange(3), Letters())
        assert not list((workspace.root / "vectors").iterdir())
    assert embed_prompts(snapshot, np.arange(3), Letters()) == 3


def full(name):
    """Return `durable.new_file` on a disk that is full when a file of that name is written."""

    class File(durable.NewFile):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    def new_file(path):
        return contextlib.nullcontext(File(-1)) if path.name == name else durable.new_file(path)

    return new_file


PROMPTS = [
    "how do i bake sourdough bread at home",
    "prove that the square root of two is irrational",
    "zzz zzz",
]


@pytest.fixture
def workspace(tmp_path):
    return indexed(tmp_path)


def indexed(tmp_path, **options):
    rows = [
        {"model": "m", "user": f"u{account}", "messages": [{"role": "user", "content": text}]}
        for account in range(3)
        for text in (*PROMPTS[: account + 1], f"only {account} asks this: quorum {'abc'[account] * 9}")
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = Workspace.create(tmp_path / "index", **options)
    ingest(made, [log])
    return Workspace.open(tmp_path / "index")


def test_representatives_are_shared_prompts(workspace):
    snapshot = Snapshot(workspace)
    assert snapshot.read_prompts(representatives(snapshot, min_accounts=2)) == PROMPTS[:2]
    assert len(representatives(snapshot, min_accounts=1)) == len(snapshot.text_of)


def test_search_by_meaning_finds_other_words(workspace):
    encoder = Letters()
    snapshot = Snapshot(workspace)
    assert embed_prompts(snapshot, representatives(snapshot, min_accounts=1), encoder) == len(
        snapshot.text_of
    )
    opened = Snapshot(Workspace.open(workspace.root))
    scrambled = " ".join(reversed(PROMPTS[0].split())).upper()
    found = search(opened, scrambled, by=By.MEANING, neighbours=neighbours(opened.workspace, encoder))
    assert found[0].text == PROMPTS[0]
    assert found[0].by == "meaning"
    assert found[0].cosine == pytest.approx(1, abs=1e-5)


def test_a_prompt_is_embedded_once(workspace):
    encoder = Letters()
    prompts = representatives(Snapshot(workspace), min_accounts=2)
    assert embed_prompts(Snapshot(workspace), prompts, encoder) == 2
    assert embed_prompts(Snapshot(Workspace.open(workspace.root)), prompts, encoder) == 0
    assert encoder.calls == 2


def test_vectors_of_another_model_are_never_compared(workspace):
    snapshot = Snapshot(workspace)
    embed_prompts(snapshot, representatives(snapshot, min_accounts=2), Letters())
    with pytest.raises(SettingsMismatch):
        neighbours(Workspace.open(workspace.root), Letters("b" * 64))


def test_filters_reach_further_than_the_nearest(workspace):
    encoder, snapshot = Letters(), Snapshot(workspace)
    embed_prompts(snapshot, worth_embedding(snapshot), encoder)
    opened = Snapshot(Workspace.open(workspace.root))
    asked = []

    def near(text, count):
        """Knows the account's prompt only when asked for many."""
        asked.append(count)
        hashes, cosines = neighbours(opened.workspace, encoder)(text, 10)
        return (hashes[:1].repeat(count), cosines[:1].repeat(count)) if count < 50 else (hashes, cosines)

    found = search(opened, PROMPTS[1], by=By.MEANING, filters=Filters(account="u0"), limit=1, neighbours=near)
    assert asked == [10, 80]
    assert found[0].account == "u0"


def test_a_slower_model_puts_the_nearest_in_order(workspace):
    encoder, snapshot = Letters(), Snapshot(workspace)
    embed_prompts(snapshot, worth_embedding(snapshot), encoder)
    opened = Snapshot(Workspace.open(workspace.root))
    near = neighbours(opened.workspace, encoder)
    hashes, cosines = reordered(opened, Letters("b" * 64))(PROMPTS[0], near(PROMPTS[0], 100)[0])
    np.testing.assert_array_equal(hashes, near(PROMPTS[0], 100)[0])
    assert cosines[0] == pytest.approx(1)
    assert list(cosines) == sorted(cosines, reverse=True)


def test_a_slower_model_looks_at_what_passes_the_filters(workspace, monkeypatch):
    encoder, snapshot = Letters(), Snapshot(workspace)
    embed_prompts(snapshot, worth_embedding(snapshot), encoder)
    opened = Snapshot(Workspace.open(workspace.root))
    monkeypatch.setattr("indexes.search._AGAIN", 1)  # it does not reach the account's prompt otherwise
    found = search(
        opened,
        PROMPTS[1],
        by=By.MEANING,
        filters=Filters(account="u0"),
        limit=1,
        neighbours=neighbours(opened.workspace, encoder),
        reorder=reordered(opened, Letters("b" * 64)),
    )
    assert [match.account for match in found] == ["u0"]


def test_compacting_makes_one_set_of_each_model(workspace):
    for prompts in ([0, 1], [2, 3]):
        embed_prompts(Snapshot(Workspace.open(workspace.root)), np.array(prompts), Letters())
    embed_prompts(Snapshot(Workspace.open(workspace.root)), np.array([0]), Letters("b" * 64))
    before = neighbours(Workspace.open(workspace.root), Letters())(PROMPTS[0], 9)
    compact(workspace.root)
    opened = Snapshot(Workspace.open(workspace.root))
    assert [one.vectors for one in opened.workspace.manifest.vectors] == [4, 1]
    after = neighbours(opened.workspace, Letters())(PROMPTS[0], 9)
    np.testing.assert_array_equal(after[0], before[0])


def test_without_vectors_there_is_no_search_by_meaning(workspace):
    with pytest.raises(NoVectors):
        neighbours(workspace, Letters())


def test_an_index_without_texts_cannot_be_embedded(tmp_path):
    snapshot = Snapshot(indexed(tmp_path, with_text=False))
    with pytest.raises(WorkspaceError, match="keeps no texts"):
        embed_prompts(snapshot, np.array([0]), Letters())
