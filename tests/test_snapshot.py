"""A snapshot: the same requests, prompts and spans whatever segments hold them."""

from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest
from logsamples import line, litellm, log

from fingerprint.canonical import canonical
from indexes import ingest as ingest_module
from indexes import snapshot as snapshot_module
from indexes.ingest import ingest
from indexes.lsh import fold
from indexes.segment import PROMPT_SEGMENTS
from indexes.snapshot import NO_TIME, Snapshot
from indexes.spans import ORDER_BITS
from indexes.workspace import Workspace

KEY = bytes(range(32))
REQUESTS = 240
SYSTEMS = [
    "",
    "Be brief.",
    "BE  BRIEF",
    "You grade answers by the rubric below and give every reason that you had",
]


def content(rng: Random, number: int) -> str:
    """A prompt of few distinct texts, in several spellings."""
    text = " ".join(f"word{rng.randrange(40)}" for _ in range(rng.choice([1, 3, 12, 30])))
    if number % 4 == 0:
        text = f"Explain every step of the proof and then state task {number % 20} in one line. {text}"
    return [text, text.upper(), text.replace("o", "\u200bo"), "   ", "?!", "模型" * 9][rng.randrange(12) % 6]


@pytest.fixture(scope="module")
def entries() -> list[dict]:
    rng = Random(2)
    found = []
    for number in range(REQUESTS):
        system = {"role": "system", "content": SYSTEMS[rng.randrange(len(SYSTEMS))]}
        turns = [{"role": "user", "content": content(rng, number)} for _ in range(rng.randint(1, 2))]
        changes = {
            "id": f"r{number}",
            "startTime": 1_776_816_003 + number // 3 if number % 10 else None,
            "model": rng.choice(["m-large", "m-small"]),
            "end_user": None,
            "metadata": {"user_api_key_user_id": f"u{rng.randrange(9)}"},
            "requester_ip_address": f"192.0.2.{rng.randrange(5)}",
            "user_agent": rng.choice(["python", "node"]),
            "messages": [system, *turns],
        }
        found.append(litellm(**changes))
    return found


def index(folder: Path, entries: list[dict], files: int) -> Snapshot:
    """Index entries from so many files of one segment each."""
    workspace = Workspace.create(folder / "index", key=KEY)
    cuts = [len(entries) * cut // files for cut in range(files + 1)]
    paths = [
        log(folder, *map(line, entries[first:last]), name=f"{first:04d}.jsonl")
        for first, last in pairwise(cuts)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest_module, "SEGMENT_REQUESTS", 1)
        ingest(workspace, paths)
    snapshot = Snapshot(Workspace.open(workspace.root))
    assert len(snapshot.segments) == files
    return snapshot


@pytest.fixture(scope="module")
def one(tmp_path_factory, entries) -> Snapshot:
    return index(tmp_path_factory.mktemp("one"), entries, 1)


@pytest.fixture(scope="module")
def many(tmp_path_factory, entries) -> Snapshot:
    return index(tmp_path_factory.mktemp("many"), entries, 12)


def written(snapshot: Snapshot) -> list[str]:
    """Every prompt as first written."""
    return snapshot.read_prompts(np.arange(len(snapshot.text_of)))


def postings(snapshot: Snapshot) -> list[tuple[int, int, int]]:
    """Every span as (key, prompt, place), in the order of the snapshot."""
    found = []
    for number, (packed, bits) in enumerate(snapshot.spans()):
        assert number == 0
        for row in packed.tolist():
            rest, place = divmod(row, 1 << ORDER_BITS)
            found.append((*divmod(rest, 1 << bits), place))
    return found


def names(snapshot: Snapshot) -> np.ndarray:
    """A name for every prompt that does not depend on its number; the last is for none."""
    return np.array([canonical(text) or text.strip() for text in written(snapshot)] + ["<none>"])


def test_requests_are_those_of_the_log(one, many, entries):
    for snapshot in (one, many):
        requests = snapshot.requests
        assert len(requests) == REQUESTS
        assert requests.ids.to_pylist() == [entry["id"] for entry in entries]
        for row, entry in enumerate(entries):
            assert requests.account[row] == entry["metadata"]["user_api_key_user_id"]
            assert requests.model[row] == entry["model"]
            assert requests.ip[row] == entry["requester_ip_address"]
            assert requests.user_agent[row] == entry["user_agent"]
            time = entry["startTime"]
            assert requests.time_us[row] == (NO_TIME if time is None else time * 1_000_000)
            assert requests.user_turns[row] == len(entry["messages"]) - 1


def test_requests_hold_the_prompts_they_sent(one, many, entries):
    for snapshot in (one, many):
        name = names(snapshot)
        for row, entry in enumerate(entries):
            system, *turns = [message["content"] for message in entry["messages"]]
            sent = [system, "", turns[0], turns[1] if len(turns) > 1 else ""]
            expected = [(canonical(text) or text.strip()) if text else "<none>" for text in sent]
            assert name[snapshot.requests.prompts[row]].tolist() == expected


def test_segments_make_no_difference_to_requests_prompts_and_spans(one, many):
    """Prompts are compared by name: their numbers follow the order of texts in segments."""
    ours, theirs = names(one), names(many)
    assert sorted(ours) == sorted(theirs)
    np.testing.assert_array_equal(ours[one.requests.prompts], theirs[many.requests.prompts])
    matching = [theirs.tolist().index(name) for name in ours[:-1]]
    np.testing.assert_array_equal(one.signatures(), many.signatures()[matching])
    np.testing.assert_array_equal(one.tokens, many.tokens[matching])
    np.testing.assert_array_equal(one.hidden, many.hidden[matching])
    assert one.hidden.max() > 0
    spans = []
    for snapshot, name in ((one, ours), (many, theirs)):
        spans.append(sorted((key, str(name[prompt]), place) for key, prompt, place in postings(snapshot)))
    assert len(spans[0]) > 100
    assert spans[0] == spans[1]


def test_segments_make_no_difference_to_the_numbers_of_prompts(one, many):
    assert names(one).tolist() == names(many).tolist()


def test_prompts_are_numbered_by_first_appearance(one, many):
    """In the order of the requests, and within one of its segments."""
    for snapshot in (one, many):
        held = snapshot.requests.prompts
        seen = list(dict.fromkeys(held[held >= 0].tolist()))
        assert seen == list(range(len(snapshot.text_of)))
        texts = snapshot.read_texts(np.arange(len(snapshot.prompt_of)))
        forms = [canonical(text) or text.strip() for text in texts]
        prompt_of_form = dict(zip(forms, snapshot.prompt_of.tolist(), strict=True))
        assert snapshot.prompt_of.tolist() == [prompt_of_form[form] for form in forms]
        assert len(seen) == len(set(forms)) < len(set(texts))


def test_prompts_are_read_as_first_written(many):
    texts = many.read_texts(np.arange(len(many.prompt_of)))
    wanted = np.array([5, 0, 5, len(many.text_of) - 1, 3])
    assert many.read_prompts(wanted) == [texts[many.text_of[prompt]] for prompt in wanted]
    assert many.read_prompts(np.array([], dtype=np.int64)) == []


def test_columns_of_prompts_are_those_of_the_hasher(many):
    texts, signatures = written(many), many.signatures()
    for prompt in range(0, len(texts), 5):
        shingles = many.workspace.hasher.shingles(texts[prompt])
        if len(shingles):
            expected = fold(many.workspace.hasher.sign(shingles))
            np.testing.assert_array_equal(signatures[prompt], expected)
        assert many.tokens[prompt] == len(many.workspace.hasher.tokens(texts[prompt])[0])


def test_signatures_too_many_for_memory_lie_on_disk(many, monkeypatch):
    in_memory = many.signatures()
    monkeypatch.setattr(snapshot_module, "_IN_MEMORY", 0)
    np.testing.assert_array_equal(many.signatures(), in_memory)


def test_spans_are_sorted_and_a_prompt_has_them_once(one, many):
    for snapshot in (one, many):
        listed = postings(snapshot)
        assert listed == sorted(set(listed))


def test_spans_come_in_ranges_when_prompts_are_many(many, monkeypatch):
    """The fewer bits are left for a key, the more ranges; together they are the whole."""
    whole = postings(many)
    monkeypatch.setattr("indexes.spans.ORDER_BITS", 64 - 35 - len(many.text_of).bit_length())
    sizes = [len(packed) for packed, _ in many.spans()]
    assert len(sizes) == 8
    assert sum(sizes) == len(whole)
    assert min(sizes) > 0


def test_codes_lead_to_their_values(many):
    for codes in (many.requests.account, many.requests.model):
        values = codes.values.to_pylist()
        assert len(set(values)) == len(values)
        assert [codes[row] for row in range(REQUESTS)] == [values[code] for code in codes.codes]


def test_an_empty_index_has_an_empty_snapshot(tmp_path):
    snapshot = Snapshot(Workspace.create(tmp_path / "index", key=KEY))
    assert (
        len(snapshot.requests) == len(snapshot.text_of) == len(snapshot.tokens) == len(snapshot.hidden) == 0
    )
    assert snapshot.signatures().shape == (0, 128)
    assert snapshot.requests.prompts.shape == (0, len(PROMPT_SEGMENTS))
    assert postings(snapshot) == []
    assert snapshot.read_prompts(np.array([], dtype=np.int64)) == []


def test_a_snapshot_keeps_its_generation(tmp_path, entries):
    before = index(tmp_path, entries[:20], 1)
    ingest(before.workspace, [log(tmp_path, *map(line, entries[20:40]), name="more.jsonl")])
    assert len(before.requests) == 20
    assert len(Snapshot(Workspace.open(before.workspace.root)).requests) == 40
