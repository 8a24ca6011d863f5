"""Candidates of a query that half the log resembles: few, and the right ones among them."""

from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from logsamples import line, litellm, log

from fingerprint.minhash import Fingerprints
from indexes import candidates
from indexes import ingest as ingest_module
from indexes.candidates import Candidates
from indexes.ingest import ingest
from indexes.search import By, search
from indexes.snapshot import Snapshot
from indexes.spans import span_keys
from indexes.workspace import Workspace

TEMPLATE = " ".join(f"fixed{word}" for word in range(40))
CROWD = 300


def slot(number: int) -> str:
    return " ".join(f"slot{number}x{word}" for word in range(12))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Snapshot:
    """300 prompts of one template in three segments, and a stranger."""
    folder = tmp_path_factory.mktemp("crowd")
    texts = [f"{TEMPLATE} {slot(number)}" for number in range(CROWD)]
    texts.append("nothing of the kind is asked for here or anywhere else, and by nobody")
    Random(1).shuffle(texts)
    entries = [
        litellm(id=f"r{i}", messages=[{"role": "user", "content": text}]) for i, text in enumerate(texts)
    ]
    cuts = [0, 100, 200, len(entries)]
    paths = [log(folder, *map(line, entries[a:b]), name=f"{a}.jsonl") for a, b in pairwise(cuts)]
    workspace = Workspace.create(folder / "index", key=bytes(32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "SEGMENT_REQUESTS", 1)
        ingest(workspace, paths)
    snapshot = Snapshot(Workspace.open(workspace.root))
    assert len(snapshot.segments) == 3
    return snapshot


def query(snapshot: Snapshot, text: str) -> Fingerprints:
    return snapshot.workspace.hasher.fingerprint(pa.array([text]))


def test_within_the_budget_every_relative_is_a_candidate(crowd):
    asked = query(crowd, f"{TEMPLATE} {slot(7)}")
    assert len(Candidates(crowd, asked).by_span()) == CROWD
    assert len(Candidates(crowd, asked).by_copy()) > CROWD / 2  # as many as the bands' S-curve gives


def test_beyond_the_budget_few_are_looked_at_and_the_own_text_always(crowd, monkeypatch):
    monkeypatch.setattr(candidates, "BUDGET", 20)
    monkeypatch.setattr(candidates, "_FEW", 2)
    for number in range(0, CROWD, 17):
        text = f"{TEMPLATE} {slot(number)}"
        asked = query(crowd, text)
        for found in (Candidates(crowd, asked).by_copy(), Candidates(crowd, asked).by_span()):
            assert len(found) < CROWD / 2
            assert text in crowd.read_texts(found)
        best, *_ = search(crowd, text, by=By.COPY)
        assert (best.text, best.jaccard) == (text, 1.0)


def test_a_slot_finds_its_owner_in_the_crowd(crowd, monkeypatch):
    """The rare bucket is emptied first: half of the fixed words are changed, the slot is not."""
    monkeypatch.setattr(candidates, "BUDGET", 20)
    monkeypatch.setattr(candidates, "_FEW", 2)
    for number in range(0, CROWD, 17):
        words = TEMPLATE.split()
        words[::8] = [f"other{place}" for place in range(len(words[::8]))]
        text = f"{' '.join(words)} {slot(number)}"
        best, *_ = search(crowd, text, by=By.SPAN)
        assert best.text == f"{TEMPLATE} {slot(number)}"


@pytest.mark.parametrize("budget", [10_000, 20])
def test_containment_is_estimated_alike_for_rare_and_crowded_spans(crowd, monkeypatch, budget):
    monkeypatch.setattr(candidates, "BUDGET", budget)
    texts = np.arange(len(crowd.prompt_of))
    part = Candidates(crowd, query(crowd, TEMPLATE)).containment(texts)
    holding = np.array([TEMPLATE in text for text in crowd.read_texts(texts)])
    assert (part[holding] > 0.8).all()
    assert (part[~holding] == 0).all()


def test_spellings_are_found_in_every_segment(crowd):
    forms = crowd.canonical[[3, 250]]
    texts, which = candidates.spelt_alike(crowd, forms)
    assert sorted(crowd.prompt_of[texts].tolist()) == [3, 250]
    np.testing.assert_array_equal(crowd.canonical[crowd.prompt_of[texts]], forms[which])


def test_containment_is_the_part_of_the_spans_that_a_text_holds(crowd):
    """Within the budget nothing is estimated from a part of the spans: against sets."""
    for asked in (query(crowd, f"{TEMPLATE} {slot(7)}"), query(crowd, slot(9)), query(crowd, "short")):
        keys = set(span_keys(asked.span_hashes).tolist())
        expected = []
        for segment in crowd.segments:
            hashes, offsets = segment.postings.by_text(len(segment.canonical))
            own = [set(span_keys(hashes[a:b]).tolist()) for a, b in pairwise(offsets)]
            expected += [len(keys & each) / max(1, len(keys)) for each in own]
        for step in (1, 7):
            texts = np.arange(0, len(expected), step)
            found = Candidates(crowd, asked).containment(texts)
            np.testing.assert_allclose(found, expected[::step])
        holding = Candidates(crowd, asked).by_span()
        assert holding.tolist() == np.flatnonzero(expected).tolist()
