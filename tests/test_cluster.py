"""The Spark engine gives what the local one gives: index, report, repeats, restarts, lost executors.

Skipped, and said so, where pyspark or Java is missing: `pip install '.[spark]'` and Java 17.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from commands import document, run
from indexed import KEY
from logsamples import line, litellm, log

from campaigns.components import components as union_find
from campaigns.find import find_campaigns
from campaigns.report import CampaignReport
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace
from promptlog.errors import LogError

pytest.importorskip("pyspark", reason="the Spark tests need pyspark: pip install '.[spark]'")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("the Spark tests need Java 17", allow_module_level=True)

from cluster.index import index_files, index_table
from cluster.job import Job
from cluster.report import report_by
from cluster.session import session
from cluster.stages import Stages, spread
from cluster.stars import both_ways, components, edges, ends, labels

NUMBERING = ("numbers", "senders")
REDUCING = ("labels", "members", "lexical", "accounts", "requests", "facts")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def spark():
    with session() as running:
        yield running


@pytest.fixture(scope="module")
def logs(tmp_path_factory, planted):
    """The demo's log in three files; the second repeats some of the first, and holds bad lines."""
    folder = tmp_path_factory.mktemp("logs")
    lines = [json.dumps(row) + "\n" for row in planted.requests]
    third = len(lines) // 3
    (folder / "a.jsonl").write_text("".join(lines[:third]))
    (folder / "b.jsonl").write_text("".join([*lines[5:30], "{oops\n", *lines[third : 2 * third]]))
    (folder / "c.jsonl").write_text("".join(lines[2 * third :]))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def local(tmp_path_factory, logs):
    """The local index, and its report."""
    root = tmp_path_factory.mktemp("local") / "index"
    summary = ingest(Workspace.create(root, key=KEY), logs)
    return root, summary, find_campaigns(Snapshot(Workspace.open(root)))


@pytest.fixture(scope="module")
def made(tmp_path_factory, spark, logs):
    """The index that Spark makes, and what it says of it."""
    root = tmp_path_factory.mktemp("spark") / "index"
    with pytest.MonkeyPatch.context() as patch:
        for bound in ("_LEAST", "SHARE"):  # so that a log of a few megabytes is cut
            patch.setattr(f"cluster.shares.{bound}", 2 << 20)
        return root, index_files(spark, Workspace.create(root, key=KEY), logs)


def test_the_index_holds_the_same(local, made):
    (one, told, _), (other, summary) = local, made
    assert len(Workspace.open(other).manifest.segments) > 3
    assert msgspec.structs.replace(summary, seconds=0) == msgspec.structs.replace(
        told, seconds=0, generation=summary.generation
    )
    ours, theirs = Snapshot(Workspace.open(one)), Snapshot(Workspace.open(other))
    assert ours.requests.ids == theirs.requests.ids
    assert np.array_equal(ours.canonical, theirs.canonical)
    assert [entry.sha256 for entry in ours.workspace.manifest.inputs] == [
        entry.sha256 for entry in theirs.workspace.manifest.inputs
    ]
    assert run("verify", "--index", other).exit_code == 0


def test_the_report_is_the_local_one(local, made, spark):
    root, _ = made
    told = []
    report = report_by(spark, Snapshot(Workspace.open(root)), progress=told.append)
    assert report == local[2]
    assert report.alerts
    assert {*NUMBERING, "near copies", "clusters", "spans", "neighbours", *REDUCING} <= set(told)
    tables = root.with_name("index.spark")
    clusters = spark.read.parquet(f"{tables}/clusters").toArrow()
    members = spark.read.parquet(f"{tables}/members").where("kind = 'requests'")
    assert clusters["id"].to_pylist() == [campaign.id for campaign in report.campaigns]
    assert members.count() == sum(campaign.request_count for campaign in report.campaigns)


def test_the_local_commands_open_it(made, local):
    root, campaign = made[0], local[2].campaigns[0]
    assert document(run("show", campaign.id, "--index", root, "--json"))["campaign"]["id"] == campaign.id
    assert run("search", campaign.template[:80], "--index", root).exit_code == 0


def test_a_log_that_is_known_adds_nothing_and_one_that_has_grown_what_is_new(tmp_path, spark):
    entries = [
        line(litellm(id=f"id-{i}", messages=[{"role": "user", "content": f"say {i}"}])) for i in range(9)
    ]
    first, copy = log(tmp_path, *entries[:5], name="a.jsonl"), log(tmp_path, *entries[:5], name="b.jsonl")
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    done = index_files(spark, workspace, [first, copy, tmp_path / "missing"])
    assert (done.records_indexed, done.files, done.files_known, len(done.unreadable)) == (5, 1, 1, 1)
    log(tmp_path, *entries, name="a.jsonl")
    done = index_files(spark, Workspace.open(tmp_path / "index"), [first])
    assert (done.records_indexed, done.files) == (4, 1)
    done = index_files(spark, Workspace.open(tmp_path / "index"), [first, copy])
    assert (done.records_indexed, done.files, done.files_known) == (0, 0, 2)
    assert len(Snapshot(Workspace.open(tmp_path / "index")).requests) == 9


def test_a_table_with_its_columns_mapped(tmp_path, spark):
    rows = [(f"u{i % 3}", f"2026-05-01T00:00:{i:02}Z", f"Question number {i} of a table") for i in range(20)]
    table = spark.createDataFrame(rows, "who string, at string, text string").repartition(1)
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    done = index_table(spark, workspace, table, mapping={"account": "who", "ts": "at", "prompt": "text"})
    assert (done.records_indexed, done.accounts) == (20, 3)
    requests = Snapshot(Workspace.open(tmp_path / "index")).requests
    assert sorted(requests.account.values.to_pylist()) == ["u0", "u1", "u2"]
    with pytest.raises(LogError, match="table has no column texts; it has who, at, text"):
        index_table(spark, workspace, table, mapping={"account": "who", "prompt": "texts"})


def test_rows_of_a_table_count_once_by_their_ids(tmp_path, spark):
    rows = [(f"id-{i}", f"u{i % 3}", f"Question number {i} of a table") for i in range(20)]
    mapping = {"request_id": "id", "account": "who", "prompt": "text"}
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    for parts, new in ((2, 20), (1, 0)):
        table = spark.createDataFrame(rows, "id string, who string, text string").repartition(parts)
        done = index_table(spark, Workspace.open(workspace.root), table, mapping=mapping)
        assert done.records_indexed == new


def test_what_is_said_of_repeats_and_unreadable_logs_is_what_the_local_engine_says(tmp_path, spark):
    """A log that holds requests of another in other words, and one that is none."""
    entries = [line(litellm(id=f"id-{i}", end_user=f"u{i}")) for i in range(9)]
    first = log(tmp_path, *entries[:5], name="a.jsonl")
    second = log(tmp_path, *entries[3:], name="b.jsonl")
    none = log(tmp_path, b"{oops\n", b"\n{x\n", name="c.jsonl")
    said = []
    for name in ("local", "spark"):
        Workspace.create(tmp_path / name, key=KEY)
        for files in ([first], [second, none]):
            workspace = Workspace.open(tmp_path / name)
            done = ingest(workspace, files) if name == "local" else index_files(spark, workspace, files)
        said.append(msgspec.structs.replace(done, seconds=0.0))
    assert said[0] == said[1]
    assert (said[0].records_indexed, said[0].files, len(said[0].unreadable)) == (4, 1, 1)


def test_a_run_that_was_killed_goes_on_after_its_last_stage(tmp_path, spark, logs, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    told, again = [], []
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    with monkeypatch.context() as patch:
        patch.setattr(Job, "_commit", fail)
        with pytest.raises(KeyboardInterrupt):
            index_files(spark, workspace, logs, progress=told.append)
    done = index_files(spark, workspace, logs, progress=again.append)
    assert told[:3] == ["logs", "segments", "repeats"]
    assert again == ["publishing"]
    assert done.records_indexed == len(Snapshot(Workspace.open(tmp_path / "index")).requests)


def test_the_command_line_runs_it(tmp_path, small, spark):
    key = tmp_path / "key"
    key.write_text(KEY.hex())
    for engine in ("local", "spark"):
        where = ("--index", tmp_path / engine, "--engine", engine)
        assert document(run("index", small.log, *where, "--key", key, "--json"))["generation"] == 1
    reports = [
        run("campaigns", "--index", tmp_path / engine, "--engine", engine, "--json", "--members").stdout
        for engine in ("local", "spark")
    ]
    assert reports[0] == reports[1]


def test_without_pyspark_it_says_what_to_install(tmp_path, small):
    new = tmp_path / "new"
    command = ["index", str(small.log), "--engine", "spark", "--index", str(new)]
    (tmp_path / "pyspark.py").write_text("raise ImportError('not here')")
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *command],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path(__file__).parents[1]}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"pip install 'promptprint[spark]'" in done.stderr
    assert not new.exists()


def test_a_master_without_spark_is_refused(small):
    for command in (("index", small.log), ("campaigns",)):
        found = run(*command, "--index", small.index, "--master", "spark://nowhere:7077")
        assert (found.exit_code, "--engine spark" in found.stderr) == (2, True)


def test_an_executor_lost_in_each_stage_changes_nothing(tmp_path, small):
    script = Path(__file__).with_name("lost_executors.py")
    lines = small.log.read_bytes().splitlines(keepends=True)
    twice = log(tmp_path, *lines, *lines[:3])  # so that every stage has something to pass on
    ingest(Workspace.create(tmp_path / "local", key=KEY), [twice])
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "index"), KEY.hex(), str(twice)],
        capture_output=True,
        timeout=1800,
        check=False,
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    *stages, report = done.stdout.splitlines()
    stages = [stage.decode() for stage in stages]
    indexing = ("logs", "segments", "repeats", "kept")
    reporting = (*NUMBERING, "near copies", "clusters", "spans", "neighbours", *REDUCING)
    # A log without near copies has no labels.
    assert {*indexing, *reporting} - {"clusters", "labels"} <= set(stages)
    expected = find_campaigns(Snapshot(Workspace.open(tmp_path / "local")))
    assert expected.campaigns
    assert msgspec.json.decode(report, type=CampaignReport) == expected


def test_an_index_without_requests_has_an_empty_report(tmp_path, spark):
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    assert report_by(spark, Snapshot(workspace)) == find_campaigns(Snapshot(workspace))


def graph_edges(count, nodes, seed):
    return np.random.default_rng(seed).integers(0, nodes, (count, 2))


@pytest.mark.parametrize(
    "found", [graph_edges(40, 60, 1), graph_edges(200, 90, 2), np.stack([np.arange(99), np.arange(1, 100)]).T]
)
def test_components_are_those_of_union_find(found, spark, tmp_path):
    found = found[found[:, 0] != found[:, 1]]

    def pieces(number):
        return both_ways(edges(*found[number::3].T), 4)

    edges_left = components(Stages(spark, str(tmp_path)), "graph", lambda: spread(spark, 3, pieces), 4)
    by_part = {}
    for row in edges_left.collect():
        by_part.setdefault(row.part, []).append(bytes(row.blob))
    least = np.arange(100)
    for blobs in by_part.values():
        node, label = ends(labels(blobs))
        least[node] = label
    assert least.tolist() == union_find(100, found).tolist()


def test_pyspark_is_imported_only_when_asked_for(small):
    code = "import sys, cli.main, cli.commands.index; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
