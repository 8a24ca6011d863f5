"""What the checks cost: hashing and syncing while indexing, hashing when an index is opened.

    python -m benchmarks.faults.cost --at DIR [--requests 1000000] [--compare 200000] [--runs 5] [--prepare]

Indexes a log of the haystack's with and without hashes and syncs, in turn, and compares processor time
and wall-clock time, the least of the runs: others on the machine only add. Then opens a larger index as
a search does, with every file that a search uses hashed for the first time, and again, with what was
remembered; then the rest of its files. The logs and that index stay in DIR: --prepare makes them and
measures nothing, so that only what is measured needs a quiet machine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from indexes import durable
from indexes import manifest as manifests
from indexes.ingest import ingest
from indexes.manifest import File
from indexes.workspace import Workspace

BENCHMARKS = Path(__file__).resolve().parents[1]
LARGE = ("requests.parquet", "texts.parquet")  # read by row group when a match is shown


def log(folder: Path, requests: int) -> list[Path]:
    """Write a log of the haystack's, unless it is there."""
    if not (folder / "log").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "haystack_log", str(folder), f"--requests={requests}", "--seed=1"]
        subprocess.run(command, check=True, cwd=BENCHMARKS, stdout=subprocess.DEVNULL)
    return sorted((folder / "log").iterdir()) if (folder / "log").is_dir() else [folder / "log"]


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Index without a hash and without a sync of any file."""

    def described(root: Path, path: Path) -> File:
        return File(path.relative_to(root).as_posix(), path.stat().st_size, "")

    with mock.patch.object(manifests, "seal", described), mock.patch.object(durable, "sync"):
        yield


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Return the processor time of all threads, and the wall-clock time, in seconds."""
    processor, wall = time.process_time(), time.monotonic()
    job()
    return time.process_time() - processor, time.monotonic() - wall


def index(root: Path, logs: list[Path]) -> None:
    """Index logs into a new directory."""
    shutil.rmtree(root, ignore_errors=True)
    ingest(Workspace.create(root, key=sample.KEY), logs)


def indexing(folder: Path, logs: list[Path], runs: int) -> dict[str, object]:
    """Return what indexing costs with and without checks."""
    index(folder / "warm", logs[:1])
    plain, checked = [], []
    for _ in range(runs):
        with unchecked():
            plain.append(timed(lambda: index(folder / "plain", logs)))
        os.sync()  # what one run left to the disk is not the next one's
        checked.append(timed(lambda: index(folder / "checked", logs)))
    found: dict[str, object] = {}
    for place, kind in enumerate(("processor", "wall")):
        without, with_them = ([round(run[place], 2) for run in some] for some in (plain, checked))
        found[f"{kind}_seconds"] = {"without": without, "with": with_them}
        found[f"{kind}_time_added"] = round(min(with_them) / min(without) - 1, 3)
    return found


def opening(root: Path) -> dict[str, object]:
    """Return what opening an index costs, for the first time and again."""
    for memory in root.glob("derived/checked-*"):
        memory.unlink()
    workspace = Workspace.open(root)
    paths = [root / file.path for file in workspace.manifest.files]
    searched = [path for path in paths if path.name not in LARGE]
    size = sum(path.stat().st_size for path in searched)
    return {
        "requests": sum(segment.requests for segment in workspace.manifest.segments),
        "megabytes_hashed": size // 10**6,
        "first_time_seconds": round(timed(lambda: Workspace.open(root).checked(*searched))[1], 3),
        "again_seconds": round(timed(lambda: Workspace.open(root).checked(*searched))[1], 3),
        "rest_first_time_seconds": round(timed(lambda: Workspace.open(root).checked(*paths))[1], 3),
        "megabytes_in_all": sum(path.stat().st_size for path in paths) // 10**6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--compare", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--at", type=Path, required=True)
    parser.add_argument("--prepare", action="store_true", help="Make what is measured, and end.")
    options = parsed(parser)
    folder = options.at.resolve()
    small = log(folder / f"log-{options.compare}", options.compare)
    large = folder / f"index-{options.requests}"
    if not large.exists():
        index(large, log(folder / f"log-{options.requests}", options.requests))
    if not options.prepare:
        compared = indexing(folder, small, options.runs)
        results.keep(
            "cost", options, indexing={"requests": options.compare} | compared, opening=opening(large)
        )


if __name__ == "__main__":
    main()
