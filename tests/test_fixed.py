"""Templates by what they say: wordings of one instruction over long slots that have nothing in common."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from logsamples import line, litellm, log

from campaigns.fixed import alike, same_meaning
from campaigns.gather import Ground
from campaigns.representatives import template_texts
from fingerprint.bulk import load_bulk_encoder
from indexes.embed import embed_fixed_texts, embed_prompts, neighbours, worth_embedding
from indexes.ingest import ingest
from indexes.search import By, search
from indexes.snapshot import Snapshot
from indexes.vectors import FIXED_TEXT
from indexes.workspace import Workspace

WORDINGS = [
    "Read the customer review below carefully and rate how satisfied its writer is, from one to five:",
    "Please study the following comment by a client and grade the author's contentment from 1 to 5:",
]
OTHER = "Translate this passage of the ship's log into modern French, and keep the dates as they are:"


def slot(rng: Random) -> str:
    return " ".join("".join(rng.choices("abdegiklmnoprstu", k=rng.randint(3, 8))) for _ in range(120))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    rng, folder = Random(1), tmp_path_factory.mktemp("fixed")
    entries = [
        litellm(
            id=f"{number}-{account}-{turn}",
            messages=[{"role": "user", "content": f"{fixed} {slot(rng)}"}],
            metadata={"user_api_key_user_id": f"{number}-{account}"},
        )
        for number, fixed in enumerate([*WORDINGS, OTHER])
        for account in range(7)
        for turn in range(3)
    ]
    root = folder / "index"
    ingest(Workspace.create(root, key=bytes(32)), [log(folder, *map(line, entries), name="log.jsonl")])
    made, encoder = Snapshot(Workspace.open(root)), load_bulk_encoder()
    embed_prompts(made, worth_embedding(made), encoder)
    read = template_texts(made)
    assert embed_fixed_texts(made, read.prompt, read.texts, encoder) == 3
    assert embed_fixed_texts(Snapshot(Workspace.open(root)), read.prompt, read.texts, encoder) == 0
    return Snapshot(Workspace.open(root))


def test_the_fixed_text_is_read_without_the_slots(snapshot):
    found = sorted(template_texts(snapshot).texts)
    assert found == sorted([*WORDINGS, OTHER])
    assert [one.model.endswith(FIXED_TEXT) for one in snapshot.workspace.manifest.vectors] == [False, True]


def test_a_template_is_found_by_what_it_says(snapshot):
    asked = "How happy is the person who wrote this customer review? Give a grade between 1 and 5."
    found = search(
        snapshot,
        asked,
        by=By.MEANING,
        neighbours=neighbours(snapshot.workspace, load_bulk_encoder()),
        limit=2,
    )
    assert {text for match in found for text in WORDINGS if match.text.startswith(text)} == {*WORDINGS}


def test_wordings_of_one_meaning_are_one_family(snapshot):
    ground = Ground.of(snapshot, lambda _: None)
    families, senders = ground.words, ground.senders
    none = np.zeros(len(snapshot.text_of), dtype=np.bool_)
    found = alike(snapshot, families, senders, none)
    assert found.kind.tolist() == ["semantic"]
    texts = snapshot.read_prompts(found.prompts_of(0))
    assert len(texts) == 42
    assert all(text.startswith(tuple(WORDINGS)) for text in texts)
    settled = none.copy()
    settled[found.prompt[::2]] = True
    settled[[i for i, text in zip(found.prompt, texts, strict=True) if text.startswith(WORDINGS[0])]] = True
    assert alike(snapshot, families, senders, settled).size == 0


def test_what_says_something_else_is_not_the_same():
    assert same_meaning([OTHER]).shape == (0, 2)
    assert same_meaning([*WORDINGS, OTHER]).tolist() == [[0, 1]]
