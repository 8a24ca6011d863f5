"""What a log holds twice under one id counts once; what only looks alike counts each time."""

from pathlib import Path

import pytest
from logsamples import line, litellm, log, metadata

from indexes import ingest as ingest_module
from indexes.ingest import IngestSummary, ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

KEY = bytes(range(32))


@pytest.fixture(params=[True, False], ids=["with texts", "without texts"])
def empty(tmp_path, request) -> Workspace:
    return Workspace.create(tmp_path / "index", key=KEY, with_text=request.param)


def add(workspace: Workspace, *paths: Path) -> IngestSummary:
    return ingest(Workspace.open(workspace.root), paths)


def ids(workspace: Workspace) -> list[str]:
    return Snapshot(Workspace.open(workspace.root)).requests.ids.to_pylist()


def request(name: str, text: str = "Solve", **changes) -> bytes:
    return line(litellm(id=name, messages=[{"role": "user", "content": text}], **changes))


def test_a_repeat_counts_once_within_a_run(empty, tmp_path):
    done = add(empty, log(tmp_path, request("a"), request("b"), request("a"), request("a", startTime=None)))
    assert ids(empty) == ["a", "b"]
    assert (done.records_read, done.records_indexed, done.repeated, done.quarantined) == (4, 2, 2, 0)


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_repeat_counts_once_against_the_index_and_between_segments(empty, tmp_path, monkeypatch, size):
    monkeypatch.setattr(ingest_module, "SEGMENT_REQUESTS", size)
    add(empty, *(log(tmp_path, request(name), name=name) for name in "abc"))
    more = [log(tmp_path, b" \n", request(name), name=f"{name}2") for name in "cbd"]
    done = add(empty, *more)
    assert (done.records_indexed, done.repeated) == (1, 2)
    assert ids(empty) == ["a", "b", "c", "d"]
    assert add(empty, *more).files_known == 3


@pytest.mark.parametrize(
    "other",
    [
        request("a", "Prove"),
        request("a", metadata=metadata(user_api_key_user_id="u_18")),
        request("a", model_parameters={"tools": [{"name": "f"}]}),
    ],
)
def test_one_id_with_other_contents_is_a_conflict_and_both_are_kept(empty, tmp_path, other):
    path = log(tmp_path, request("a"), other)
    assert add(empty, path).repeated == 0
    assert ids(empty) == ["a", "a"]
    assert add(empty, log(tmp_path, other, request("b"), name="again")).repeated == 1
    assert ids(empty) == ["a", "a", "b"]


def test_one_prompt_under_many_ids_counts_each_time(empty, tmp_path):
    assert add(empty, log(tmp_path, *(request(str(i)) for i in range(9)))).repeated == 0
    assert len(ids(empty)) == 9


def test_what_has_no_id_repeats_nothing(empty, tmp_path):
    body = line({"model": "m", "user": "u", "messages": [{"role": "user", "content": "Solve"}]})
    assert add(empty, log(tmp_path, *[body] * 9)).repeated == 0
    assert len(set(ids(empty))) == 1
    assert len(ids(empty)) == 9


def test_an_older_and_shorter_copy_adds_nothing(empty, tmp_path):
    lines = [request(str(i)) for i in range(9)]
    today = log(tmp_path, *lines)
    add(empty, today)
    done = add(empty, log(tmp_path, *lines[:4], name="yesterday"))
    assert (done.records_indexed, done.repeated, done.files_known) == (0, 0, 1)
    today.unlink()  # from here on the ids tell
    done = add(empty, log(tmp_path, *lines[:5], name="before"))
    assert (done.records_indexed, done.repeated, done.files_known) == (0, 5, 0)
    assert len(ids(empty)) == 9
