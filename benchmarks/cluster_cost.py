"""What the Spark engine costs: time, work and shuffle of each stage; optionally with a log that is skewed.

    python benchmarks/cluster_cost.py LOG --at DIR [--engine spark|local] [--master M] [--skew] [--keep]

LOG: a folder of LiteLLM lines, as `benchmarks/haystack.py` writes them. --skew puts one template into half of
the requests and gives a fifth of them to one account first. Prints one JSON document, with a hash of the
report by which two runs are compared; --keep puts it into results/cluster.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import zstandard

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from kept import keep  # noqa: E402

from campaigns.kept import report_of  # noqa: E402
from campaigns.report import CampaignReport, encode  # noqa: E402
from indexes.ingest import ingest  # noqa: E402
from indexes.snapshot import Snapshot  # noqa: E402
from indexes.workspace import Workspace  # noqa: E402
from promptlog import walk  # noqa: E402

KEY = bytes(range(32))
TEMPLATE = " ".join(f"fixed{word % 61} wording{word % 53}" for word in range(60))


def skew(logs: list[Path], folder: Path) -> list[Path]:
    """Write a copy of the logs, about as long, with a template in half of it and one large account."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    number = 0
    for path in logs:
        with (
            path.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as lines,
            (folder / path.name).open("wb") as stream,
            zstandard.ZstdCompressor(level=3).stream_writer(stream) as out,
        ):
            for line in io.BufferedReader(lines):
                entry = msgspec.json.decode(line)
                number += 1
                if number % 2:
                    last = entry["messages"][-1]
                    slot = last["content"][: max(60, len(last["content"]) - len(TEMPLATE))]
                    last["content"] = f"{TEMPLATE} {number} {slot}"
                if number % 5 == 0:
                    entry["metadata"]["user_api_key_user_id"] = "user-of-a-fifth"
                out.write(msgspec.json.encode(entry) + b"\n")
    return sorted(folder.iterdir())


def by_local(root: Path, logs: list[Path]) -> tuple[dict[str, Any], CampaignReport]:
    started = time.monotonic()
    ingest(Workspace.create(root, key=KEY, with_text=False), logs)
    indexed = time.monotonic()
    report = report_of(Snapshot(Workspace.open(root)))
    return _times(started, indexed), report


def by_spark(root: Path, logs: list[Path], master: str) -> tuple[dict[str, Any], CampaignReport]:
    from cluster.index import index_files
    from cluster.report import report_by
    from cluster.session import session

    events = root.with_name(f"{root.name}.events")
    shutil.rmtree(events, ignore_errors=True)
    events.mkdir()
    # One plain file of events, so that it can be read as lines.
    settings = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": str(events)}
    settings |= {"spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false"}
    with session(master, settings) as spark:
        started = time.monotonic()
        index_files(spark, Workspace.create(root, key=KEY, with_text=False), logs)
        indexed = time.monotonic()
        report = report_by(spark, Snapshot(Workspace.open(root)))
        times = _times(started, indexed)
    return times | {"stages": stages(next(events.iterdir()))}, report


def _times(started: float, indexed: float) -> dict[str, Any]:
    now = time.monotonic()
    figures = {"index_s": indexed - started, "campaigns_s": now - indexed, "both_s": now - started}
    return {name: round(value, 2) for name, value in figures.items()}


def stages(events: Path) -> dict[str, dict[str, float]]:
    """Return of each of our stages the seconds of cores it took, and the megabytes that were shuffled."""
    name: dict[int, str] = {}
    found: dict[str, dict[str, float]] = defaultdict(lambda: {"core_s": 0.0, "shuffle_mb": 0.0})
    for event in _lines(events):
        if event["Event"] == "SparkListenerStageSubmitted":
            described = event["Properties"].get("spark.job.description", "")
            name[event["Stage Info"]["Stage ID"]] = described
        elif event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            stage, metrics = found[name[event["Stage ID"]]], event["Task Metrics"]
            stage["core_s"] += metrics["Executor Run Time"] / 1e3
            stage["shuffle_mb"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"] / 1e6
    return {key: {k: round(v, 2) for k, v in stage.items()} for key, stage in found.items()}


def _lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as lines:
        for line in lines:
            yield msgspec.json.decode(line)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("--at", type=Path, required=True, help="where indexes are made, and removed")
    parser.add_argument("--engine", choices=("spark", "local"), default="spark")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--skew", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    root = options.at / f"index-{options.engine}"
    shutil.rmtree(root, ignore_errors=True)
    options.at.mkdir(parents=True, exist_ok=True)
    logs = [Path(path) for path in walk([options.log])]
    if options.skew:
        logs = skew(logs, options.at / "skewed")
    load = os.getloadavg()[0]
    figures, report = (
        by_spark(root, logs, options.master) if options.engine == "spark" else by_local(root, logs)
    )
    figures |= {"engine": options.engine, "requests": report.requests, "load_before": round(load, 1)}
    figures |= {"campaigns": len(report.campaigns), "report": hashlib.sha256(encode(report)).hexdigest()[:16]}
    shutil.rmtree(root)
    shutil.rmtree(root.with_name(f"{root.name}.spark"), ignore_errors=True)
    shutil.rmtree(root.with_name(f"{root.name}.events"), ignore_errors=True)
    if options.keep:
        part = f"{options.engine}, {report.requests} requests{', skewed' if options.skew else ''}"
        keep("cluster", part, figures, "pyspark")
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


if __name__ == "__main__":
    main()
