"""What is timed of reading, each in a process of its own, so that memory is that of one reading.

    python benchmarks/reading_runs.py ours|polars|alike|once|index|refused PATH

Prints one JSON object; `benchmarks/reading.py` runs it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = 5


def ours(path: str) -> dict[str, Any]:
    """Read a log as `promptprint index` does, up to the batches."""
    import promptlog

    return _timed(lambda: sum(batch.records.num_rows for batch in promptlog.read(path)))


def polars(path: str) -> dict[str, Any]:
    """Read a log with polars and take the same columns from it."""
    return _timed(lambda: _extracted(path).height)


def alike(path: str) -> dict[str, Any]:
    """Say whether both give the same columns."""
    import pyarrow as pa

    import promptlog

    theirs = _extracted(path).to_arrow()
    table = pa.Table.from_batches([batch.records for batch in promptlog.read(path)])
    same = [table.column(name).to_pylist() == theirs.column(name).to_pylist() for name in theirs.column_names]
    return {"columns": len(same), "alike": all(same)}


def _extracted(path: str) -> Any:
    import polars as pl

    metadata, messages = pl.col("metadata").struct, pl.col("messages")

    def said(role: str) -> Any:
        turn = pl.element().filter(pl.element().struct.field("role") == role)
        return messages.list.eval(turn.struct.field("content"))

    frame = pl.read_ndjson(path)
    return frame.select(
        request_id="id",
        account=metadata.field("user_api_key_user_id"),
        time_us=(pl.col("startTime") * 1e6).round().cast(pl.Int64),
        model="model",
        ip="requester_ip_address",
        user_agent="user_agent",
        organisation=metadata.field("user_api_key_team_id"),
        session="trace_id",
        system=said("system").list.join("\n\n"),
        first_user=said("user").list.first(),
        last_user=pl.when(said("user").list.len() > 1).then(said("user").list.last()).otherwise(pl.lit("")),
        user_turns=said("user").list.len().cast(pl.Int32),
    )


def index(folder: str) -> dict[str, Any]:
    """Index a folder of files."""
    import promptlog
    from indexes.ingest import ingest
    from indexes.workspace import Workspace

    with tempfile.TemporaryDirectory() as root:
        workspace = Workspace.create(Path(root, "index"))
        done: list[Any] = []
        first = _timed(lambda: done.append(ingest(workspace, promptlog.walk([folder]))) or 0, runs=1)
        again = _timed(lambda: done.append(ingest(workspace, promptlog.walk([folder]))) or 0, runs=1)
    return first | {
        "indexed": done[0].records_indexed,
        "again_seconds": again["seconds"],
        "again_known": done[1].files_known,
    }


def refused(path: str) -> dict[str, Any]:
    """Read what is no log, or pretends to be one."""
    import promptlog

    said: list[str] = []

    def read() -> int:
        try:
            batches = list(promptlog.read(path))
        except promptlog.LogError as error:
            said.append(f"LogError: {str(error).removeprefix(path)[:60]}")
            return 0
        said.extend({bad.reason.value for batch in batches for bad in batch.skipped})
        return sum(batch.records.num_rows for batch in batches)

    return _timed(read, runs=1) | {"ends_in": ", ".join(said)}


def _timed(work: Callable[[], int], runs: int = RUNS) -> dict[str, Any]:
    """Return the best of several runs, the processor time of that one, and the peak of memory."""
    taken, rows = [], 0
    for _ in range(runs):
        started, busy = time.perf_counter(), time.process_time()
        rows = work()
        taken.append((time.perf_counter() - started, time.process_time() - busy))
    seconds, busy = min(taken)
    [peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return {
        "rows": rows,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(busy, 3),
        "peak_mb": int(peak.split()[1]) >> 10,
    }


def once(path: str) -> dict[str, Any]:
    """Read a log once."""
    import promptlog

    return _timed(lambda: sum(batch.records.num_rows for batch in promptlog.read(path)), runs=1)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](sys.argv[2])))
