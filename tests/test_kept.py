"""Results of experiments are kept with what they depend on, and part by part."""

import json
import sys
from argparse import ArgumentParser, Namespace

import kept
import pytest

from benchmarks.faults import results


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "RESULTS", tmp_path)
    monkeypatch.setattr(results.kept, "RESULTS", tmp_path)
    return tmp_path


def test_a_part_is_replaced_and_the_others_stay(folder):
    for part, figure in (("one", 1), ("two", 2), ("one", 3)):
        kept.keep("speed", part, {"seconds": figure}, "zstandard")
    found = json.loads((folder / "speed.json").read_bytes())
    assert {part: each["figures"]["seconds"] for part, each in found.items()} == {"one": 3, "two": 2}
    assert {"numpy", "zstandard"} <= set(found["one"]["machine"]["versions"])


def test_a_fault_experiment_prints_what_it_keeps(folder, capsys):
    results.keep("rot", Namespace(keep=True), seed=1, failures=0)
    written = (folder / "faults" / "rot.json").read_text()
    assert capsys.readouterr().out == written
    found = json.loads(written)
    assert (found["experiment"], found["seed"], found["failures"]) == ("rot", 1, 0)
    assert "faiss-cpu" in found["machine"]["versions"]


def test_a_trial_run_of_an_experiment_is_only_printed(folder, capsys):
    results.keep("rot", Namespace(keep=False), failures=0)
    assert json.loads(capsys.readouterr().out)["failures"] == 0
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("given", "kept_"),
    [([], True), (["--rows", "9"], True), (["--rows", "3"], False), (["--rows", "3", "--keep"], True)],
)
def test_results_are_kept_of_a_run_at_the_stated_sizes_or_when_asked_for(monkeypatch, given, kept_):
    monkeypatch.setattr(sys, "argv", ["experiment", *given])
    parser = ArgumentParser()
    parser.add_argument("--rows", type=int, default=9)
    assert kept.parsed(parser).keep is kept_
