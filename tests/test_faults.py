"""Small versions of the experiments in benchmarks/faults; the full ones and their results are there."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import crashes, disk, erasing, io_errors, readers, rot, sample
from benchmarks.faults.disk import LOST, Recorder
from benchmarks.faults.shim import watching
from indexes.durable import new_file

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def folder():
    with sample.scratch() as folder:
        yield folder


def appended(folder):
    """Return (index, operation): an append that is still to be done."""
    steps = crashes.operations(folder, 16)
    next(steps)
    _, root, operation, _ = next(steps)
    return root, operation


def test_every_crash_leaves_the_old_or_the_new_index(folder):
    root, operation = appended(folder)
    outcome = crashes.enumerate_states(operation, root, 1, seed=2)
    assert outcome.states > 150
    assert not outcome.failures


def test_an_erasure_leaves_the_old_or_the_new_index_and_nothing_of_the_erased(folder):
    for name, root, operation, gone in crashes.operations(folder, 16):
        root.mkdir(exist_ok=True)
        if name == "erasure":
            outcome = crashes.enumerate_states(operation, root, 1, seed=3, erased=gone)
            assert outcome.states > 150
            assert not outcome.failures
        else:
            operation(root)


@pytest.mark.parametrize("name", crashes.BROKEN)
def test_a_broken_protocol_is_found_out(folder, name):
    root, operation = appended(folder)
    with crashes.BROKEN[name]():
        outcome = crashes.enumerate_states(operation, root, 2, seed=1)
    assert outcome.failures


def test_what_is_recorded_is_what_was_done(folder):
    root = folder / "index"
    root.mkdir()
    recorder = Recorder(root)
    with watching(root, after=recorder):
        (root / "a").mkdir()
        with new_file(root / "a" / "one") as stream:
            stream.write(b"12345678")
        (root / "a" / "one").rename(root / "two")
    assert recorder.whole() == {"a": None, "two": b"12345678"}
    made = [op.kind for op in recorder.ops]
    assert made == ["folder", "entry", "data", "entry", "gone"]
    assert recorder.state(recorder.ops, {0: LOST}) == {"two": b"12345678"}
    assert recorder.state(recorder.ops, {3: LOST}) == {"a": None}
    drawn = disk.crashes(recorder.ops, 50, random.Random(1))
    states = {str(recorder.state(recorder.ops[:made], fate)) for made, fate in drawn}
    assert str({"a": None, "two": bytes(8)}) in states
    assert str({"a": None, "a/one": b"1234"}) in states


def test_a_call_that_fails_is_a_typed_error_and_harms_nothing(folder):
    root, operation = appended(folder)
    outcome = io_errors.fail_each(operation, root, every=9)
    assert set(outcome) <= io_errors.SOUND
    assert outcome["typed error"] > 10


def test_every_change_of_a_file_is_named_and_gives_no_wrong_answer(monkeypatch):
    monkeypatch.setattr("indexes.vectors.FLAT_ROWS", 10)
    found = rot.run(30, {"flip": 1, "cut": 1, "zeros": 1, "swap": 1}, asked=1, seed=1)
    assert {"KEY", "MANIFEST", "requests.parquet", "signatures.npy", "centres.npy"} <= set(found)
    assert rot.failures(found) == 0


def test_readers_beside_a_writer_see_one_generation_each():
    outcome = readers.run(commits=10, readers=1, seed=1)
    assert (outcome["wrong_answers"], outcome["readers_that_failed"]) == (0, [])


def test_of_erased_accounts_nothing_is_left(monkeypatch):
    monkeypatch.setattr("indexes.vectors.FLAT_ROWS", 10)
    outcome = erasing.run(120, 10, seed=1)
    assert all(outcome["found_before"].values())
    assert not any(outcome["found_after"].values())


def test_one_writer_wins_a_race_and_the_others_are_told_who():
    outcome = apart("races", 3, 1, 3)
    assert (outcome["races_with_one_winner"], outcome["losers_told_the_holder"]) == (3, 6)


def test_however_a_log_comes_in_the_report_is_the_same():
    outcome = apart("batches", 300, 3, 1)
    assert (outcome["batches"], outcome["identical"]) == (3, True)


def test_killed_runs_lose_nothing_and_count_nothing_twice():
    outcome = apart("kills", 4, 120, 1)
    assert (outcome["kills"], outcome["wrong"], outcome["finished_indexes_that_differ"]) == (4, [], 0)


def apart(name, *numbers):
    """Run an experiment in a process of its own: one that used OpenMP, as pytest may, cannot be forked."""
    script = f"import json; from benchmarks.faults.{name} import run; print(json.dumps(run(*{numbers})))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=300
    )
    return json.loads(done.stdout)
