"""Speed and memory of reading logs, beside polars doing the same.

    speed     LiteLLM JSONL of ~1.3 kB a line to Arrow batches with segments, beside
              polars.read_ndjson and an extraction of the same columns, which are compared
    memory    peak memory of reading 10 MB and 5 GB
    files     an index of 100,000 files of one object each
    bombs     files made to exhaust a reader: what each ends in, how long it takes, how much memory

    python benchmarks/reading.py [speed] [memory] [files] [bombs] [--rows 400000]

polars is no dependency of the project: `pip install polars` for the comparison. Each reading is a
process of its own, so that memory is that of one reading; times are the best of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import zstandard

HERE = Path(__file__).resolve()
RUNS = 5
LETTERS = "etaoinshrdlu"


def payloads(rows: int, seed: int = 1) -> Iterator[bytes]:
    """Yield LiteLLM payloads, one a line, of 1.3 kB on average."""
    random = Random(seed)
    words = ["".join(random.choices(LETTERS, k=random.randint(2, 9))) for _ in range(2000)]
    for number in range(rows):
        yield json.dumps(_payload(random, words, number)).encode() + b"\n"


def _payload(random: Random, words: list[str], number: int) -> dict[str, Any]:
    def text(count: int) -> str:
        return " ".join(random.choices(words, k=count))

    start = 1_776_816_003.12 + number
    return {
        "id": f"chatcmpl-{random.getrandbits(96):024x}",
        "trace_id": f"{random.getrandbits(64):016x}",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": round(random.random() / 100, 6),
        "startTime": start,
        "endTime": start + random.random(),
        "model": random.choice(["m-large", "m-small"]),
        "model_group": "m-large",
        "model_map_information": {"model_map_key": "m-large", "model_map_value": {"max_tokens": 4096}},
        "metadata": {
            "user_api_key_hash": f"{random.getrandbits(64):016x}",
            "user_api_key_user_id": f"u_{random.randrange(24_000)}",
            "user_api_key_team_id": f"team-{random.randrange(40)}",
            "user_api_key_org_id": None,
        },
        "end_user": "",
        "requester_ip_address": f"192.0.2.{random.randrange(250)}",
        "user_agent": "OpenAI/Python 1.99",
        "messages": [
            {"role": "system", "content": text(12)},
            {"role": "user", "content": text(random.randint(20, 90))},
        ],
        "response": {"choices": [{"message": {"role": "assistant", "content": text(14)}}]},
        "model_parameters": {"temperature": 0.7},
    }


# What is measured; each of these runs in a process of its own.


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


def apart(what: str, path: Path) -> dict[str, Any]:
    """Run one of the functions above in a process of its own, on two cores."""
    done = subprocess.run(
        [sys.executable, str(HERE), "--run", what, str(path)],
        env=os.environ | {"POLARS_MAX_THREADS": "2", "PYTHONPATH": str(HERE.parents[1])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


# The measurements


def speed(folder: Path, rows: int) -> None:
    path = folder / "log.jsonl"
    path.write_bytes(b"".join(payloads(rows)))
    print(f"{rows:,} requests of {path.stat().st_size / rows:,.0f} bytes")
    found = {"promptlog": apart("ours", path)}
    try:
        import polars  # noqa: F401
    except ImportError:
        print("polars is not installed: no comparison")
    else:
        found["polars"] = apart("polars", path)
        print("the same columns:", apart("alike", path))
    for name, result in found.items():
        rate = rows / result["seconds"]
        print(
            f"{name:10} {rate:10,.0f} requests/s {rate * path.stat().st_size / rows / 1e6:8,.0f} MB/s", result
        )
    if "polars" in found:
        for what in ("seconds", "cpu_seconds"):
            print(f"polars / promptlog, {what}: {found['polars'][what] / found['promptlog'][what]:.1f}")


def memory(folder: Path, rows: int) -> None:
    block = b"".join(payloads(7500))
    for megabytes in (10, 5000):
        path = folder / "log.jsonl"
        with path.open("wb") as file:
            for _ in range(megabytes * 10**6 // len(block) + 1):
                file.write(block)
        print(f"{path.stat().st_size / 1e6:,.0f} MB:", apart("once", path))


def files(folder: Path, rows: int) -> None:
    for number, payload in enumerate(payloads(100_000)):
        part = folder / f"{number // 1000:03d}"
        part.mkdir(exist_ok=True)
        (part / f"{number}.json").write_bytes(payload)
    print("100,000 files:", apart("index", folder))


def bombs(folder: Path, rows: int) -> None:
    for name, data in made().items():
        path = folder / "bomb"
        path.write_bytes(data)
        print(f"{name:40} {len(data):12,} bytes", apart("refused", path))


def made() -> dict[str, bytes]:
    """Return the bombs of a reader of logs."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    good = next(payloads(1))
    packer = zstandard.ZstdCompressor(level=19).compressobj()
    zeros = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    table = io.BytesIO()
    with pq.ParquetWriter(table, pa.schema({"prompt": pa.string()})) as writer:
        for _ in range(100):
            writer.write_table(pa.table({"prompt": pa.repeat("Solve", 10**6)}))
    keys = b",".join(b'"k%d":1' % number for number in range(10**6))
    marks = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "a" + "\u0301" * 100_000}]},
        ensure_ascii=False,
    )
    return {
        "zstd of 256 MiB of zeros": zeros,
        "zstd in zstd": zstandard.compress(zstandard.compress(good)),
        "zip": b"PK\x03\x04" + bytes(100),
        "Parquet of 10^8 rows": table.getvalue(),
        "10^6 keys": good.replace(b'"end_user"', keys + b',"end_user"') + good,
        "nested 10^5 deep": b"[" * 10**5 + b"\n" + good,
        "64 MB of empty objects": b'{"a":[' + b"{}," * (21 << 20) + b"{}]}\n" + good,
        "a line of 1 GB": good + bytes(10**9) + b"\n" + good,
        "text made for regexes": good.replace(b"OpenAI", b"a" * 10**6 + b"!" * 10**6),
        "100,000 combining marks": marks.encode() + b"\n",
    }


MEASURED = {"speed": speed, "memory": memory, "files": files, "bombs": bombs}


def once(path: str) -> dict[str, Any]:
    """Read a log once."""
    import promptlog

    return _timed(lambda: sum(batch.records.num_rows for batch in promptlog.read(path)), runs=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="*", choices=[*MEASURED, []], default=[])
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(globals()[options.run[0]](options.run[1])))
        return
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores")
    for name in options.what or MEASURED:
        print(f"\n{name}")
        with tempfile.TemporaryDirectory() as folder:
            MEASURED[name](Path(folder), options.rows)


if __name__ == "__main__":
    main()
