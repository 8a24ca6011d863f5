"""`promptprint index` killed at random moments, again and again, until its logs are in.

    python -m benchmarks.faults.kills [--kills 1000] [--seed 1]

A child process runs the command on a few logs, several generations a run, and tells of every commit
that returned; it is killed with SIGKILL at a random moment. It is forked from a process that has
imported everything: else most kills would hit the start of the interpreter, where nothing can be
lost. After each kill the index must open, whole, at the last generation told of or a later one. A
run that ends by itself must leave exactly the requests and the report of an undisturbed index; then
the next index begins.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from unittest import mock

import numba

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from campaigns.find import find_campaigns
from campaigns.report import encode
from cli.main import app
from indexes import ingest
from indexes.errors import NotAnIndex
from indexes.snapshot import Snapshot
from indexes.verify import verify
from indexes.workspace import Workspace, Writer

numba.config.THREADING_LAYER = "workqueue"  # the default one does not survive a fork

LOGS, SEGMENT = 6, 60


def index(root: Path, logs: list[Path], acknowledge: int) -> None:
    """Run the command, in small segments; write each generation that was committed to a pipe."""
    key, commit = logs[0].with_name("key"), Writer.commit
    key.write_text(sample.KEY.hex())

    def telling(writer: Writer) -> Workspace:
        workspace = commit(writer)
        os.write(acknowledge, f"{workspace.manifest.generation}\n".encode())
        return workspace

    with mock.patch.object(ingest, "SEGMENT_REQUESTS", SEGMENT), mock.patch.object(Writer, "commit", telling):
        app(["index", "--index", str(root), "--key", str(key), *map(str, logs)])


def attempt(root: Path, logs: list[Path], after: float) -> tuple[bool, int]:
    """Index in a child that is killed after so many seconds; return (killed, last generation told of)."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, sys.stdout.fileno())
        os.dup2(silence, sys.stderr.fileno())
        status: object = 1
        try:
            index(root, logs, write)
        except SystemExit as ended:
            status = ended.code or 0
        finally:
            os._exit(status if isinstance(status, int) else 1)
    os.close(write)
    deadline = time.monotonic() + after
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() >= deadline:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            break
        time.sleep(0.001)
    with os.fdopen(read, "rb") as pipe:
        told = [int(line) for line in pipe.read().split()]
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if not killed and status:
        raise AssertionError(f"a run that was not killed failed: wait status {status}")
    return killed, max(told, default=-1)


def content(root: Path) -> tuple[list[str], bytes]:
    """Return the ids of an index's requests and its report."""
    snapshot = Snapshot(Workspace.open(root))
    return snapshot.requests.ids.to_pylist(), encode(find_campaigns(snapshot))


def lost(root: Path, told: int) -> str:
    """Return what is wrong with an index after a kill; empty when nothing is."""
    try:
        generation = Workspace.open(root).manifest.generation
    except NotAnIndex:
        return "" if told < 0 else "acknowledged and lost"
    if generation < told:
        return "acknowledged and lost"
    return "damaged" if verify(root).damaged else ""


def run(kills: int, requests: int, seed: int) -> dict[str, object]:
    """Kill runs until there are so many kills, and the last index is whole."""
    draw, wrong = random.Random(seed), []
    done = indexes = different = commits = 0
    with sample.scratch() as folder:
        lines = sample.lines(requests)
        logs = [sample.write(folder / f"{n}.jsonl", lines[n::LOGS]) for n in range(LOGS)]
        with (
            open(os.devnull, "w") as silence,
            contextlib.redirect_stdout(silence),
            contextlib.suppress(SystemExit),
        ):
            index(folder / "undisturbed", logs, silence.fileno())
        expected = content(folder / "undisturbed")
        started = time.monotonic()
        attempt(folder / "timed", logs, 600)
        usual = time.monotonic() - started
        root = folder / "index"
        while done < kills:
            killed, told = attempt(root, logs, draw.uniform(0, usual))
            done += killed
            commits += told > 0
            problem = lost(root, told)
            wrong += [problem] if problem else []
            if not killed or done == kills:
                attempt(root, logs, 600)
                indexes += 1
                different += content(root) != expected
                shutil.rmtree(root)
    return {
        "kills": done,
        "runs_with_commits_acknowledged": commits,
        "indexes_finished": indexes,
        "wrong": wrong,
        "finished_indexes_that_differ": different,
        "seconds_of_an_undisturbed_run": round(usual, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=360)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    results.keep("kills", options, seed=options.seed, **run(options.kills, options.requests, options.seed))


if __name__ == "__main__":
    main()
