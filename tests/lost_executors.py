"""Run the Spark engine on a cluster of two workers, each stage of which loses an executor as it ends.

    python tests/lost_executors.py INDEX KEY LOG…

Prints the stages that lost one, a line each, then the report. A process of its own, as there is one
Spark context a process.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from campaigns.report import encode
from cluster.index import index_files
from cluster.report import report_by
from cluster.session import session
from cluster.stages import ROW, Stages
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


def losing_one(mark: str):
    """Return what passes rows on, but kills the executor that comes first, and all that it holds."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                yield batch
                continue
            with open(f"/proc/{os.getppid()}/stat") as status:  # the daemon that forks workers
                executor = int(status.read().rpartition(")")[2].split()[1])
            os.kill(executor, signal.SIGKILL)
            signal.pause()

    return run


def main() -> None:
    root, key, *logs = map(Path, sys.argv[1:])
    marks = tempfile.mkdtemp()
    run = Stages.run

    def losing(stages: Stages, name: str, make):
        mark = f"{marks}/{name}"
        return run(stages, name, lambda: make().mapInArrow(losing_one(mark), ROW))

    Stages.run = losing
    with session("local-cluster[2,1,1024]") as spark:
        workspace = Workspace.create(root, key=bytes.fromhex(key.name))
        index_files(spark, workspace, logs)
        report = report_by(spark, Snapshot(Workspace.open(root)))
    for name in sorted(os.listdir(marks)):
        print(name)
    sys.stdout.flush()
    sys.stdout.buffer.write(encode(report))


if __name__ == "__main__":
    main()
