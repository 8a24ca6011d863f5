"""The haystack's runner: costs seen from outside, and reports held against the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from haystack_log.hot import KEY, Hot, hot_of
from haystack_log.write import write
from haystack_run.gathering import gathering
from haystack_run.measure import disk, run
from haystack_run.recall import recall

from campaigns.report import Campaign, CampaignReport
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

MEGABYTE = 1 << 20


def test_memory_of_a_command_and_its_children_is_seen(tmp_path):
    child = "import time; held = bytearray(64 << 20); time.sleep(1)"
    parent = (
        "import subprocess, sys; held = bytearray(64 << 20); "
        f"subprocess.run([sys.executable, '-c', {child!r}])"
    )
    cost = run([sys.executable, "-c", parent], stdout=tmp_path / "out", environment={})
    assert cost.exit_code == 0
    assert 128 * MEGABYTE <= cost.peak_anonymous_bytes <= cost.peak_bytes <= 400 * MEGABYTE


def test_what_a_command_prints_and_how_it_ends_is_kept(tmp_path):
    cost = run([sys.executable, "-c", "print('said'); exit(3)"], stdout=tmp_path / "out", environment={})
    assert cost.exit_code == 3
    assert (tmp_path / "out").read_text() == "said\n"


def test_files_of_one_kind_are_counted_together(tmp_path):
    for name, size in (
        ("a/bands.npy", 3),
        ("b/bands.npy", 4),
        ("MANIFEST-000001", 5),
        ("MANIFEST-000002", 6),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert disk(tmp_path) == {"MANIFEST": 11, "bands.npy": 7}


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    rows = [(f"r{i}", f"account{i % 10}", "large") for i in range(40)]
    rows += [(f"s{i}", f"other{i}", "small") for i in range(8)]
    path = tmp_path / "truth.parquet"
    columns = dict(
        zip(("request_id", "account", "campaign"), map(list, zip(*rows, strict=True)), strict=True)
    )
    pq.write_table(pa.table(columns), path)
    return path


def report_of(*campaigns: Campaign) -> CampaignReport:
    return CampaignReport(1, 1000, 118, 0.5, (), campaigns)


def campaign_of(accounts: set[str], requests: set[str], score: float) -> Campaign:
    return Campaign(
        "c", score, score >= 0.5, score, 0.5, 0.0, "", (), 1, len(accounts), len(requests), "", "", {},
        (), (), tuple(accounts), tuple(requests),
    )  # fmt: skip


def test_a_report_is_held_against_the_truth(truth):
    raised = campaign_of({f"account{i}" for i in range(8)} | {"stranger"}, {f"r{i}" for i in range(30)}, 0.9)
    gathered = campaign_of({f"other{i}" for i in range(8)}, {f"s{i}" for i in range(6)}, 0.3)
    false = campaign_of({f"honest{i}" for i in range(9)}, {"h0", "h1", "s7"}, 0.7)
    found = recall(report_of(raised, gathered, false), truth)
    large, small = found.campaigns
    assert (large.campaign, large.gathered, large.score) == ("large", 0.75, 0.9)
    assert (large.accounts_raised, large.requests_raised) == (0.8, 0.75)
    assert (small.gathered, small.score, small.accounts_raised, small.requests_raised) == (
        0.75,
        0.3,
        0,
        0.125,
    )
    assert (found.found, found.innocents, found.innocents_per_100_000, found.false_alerts) == (
        1,
        10,
        10_000,
        1,
    )


def test_an_empty_report_finds_nothing(truth):
    found = recall(report_of(), truth)
    assert (found.found, found.innocents, found.false_alerts) == (0, 0, 0)
    assert msgspec.to_builtins(found.campaigns[0])["gathered"] == 0


def test_hot_options_are_read_and_others_refused():
    assert hot_of(["identical=1_000", "band=7"]) == Hot(identical=1000, band=7)
    with pytest.raises(ValueError, match="neither"):
        hot_of(["cold=3"])


def test_what_the_steps_keep_together_is_told(tmp_path):
    write(tmp_path, 5, 8000)
    index = Workspace.create(tmp_path / "index", key=KEY)
    ingest(index, sorted((tmp_path / "log").iterdir()))
    kept = gathering(Snapshot(Workspace.open(tmp_path / "index")), pq.read_table(tmp_path / "truth.parquet"))
    spike = next(each for each in kept if each.campaign == "spike")
    assert [each.campaign for each in kept] == sorted(each.campaign for each in kept)
    assert spike.in_families >= spike.in_one_family
    assert spike.in_one_pool >= 0.9
    assert spike.pure >= 0.9
