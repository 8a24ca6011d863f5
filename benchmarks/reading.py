"""Speed and memory of reading logs, beside polars doing the same.

    speed     LiteLLM JSONL of ~1.3 kB a line to Arrow batches with segments, beside
              polars.read_ndjson and an extraction of the same columns, which are compared
    memory    peak memory of reading 10 MB and 5 GB
    files     an index of 100,000 files of one object each
    bombs     files made to exhaust a reader: what each ends in, how long it takes, how much memory

    python benchmarks/reading.py [speed] [memory] [files] [bombs] [--rows 400000] [--at FOLDER]

polars is no dependency of the project: `pip install polars` for the comparison. Each reading is a
process of its own; times are the best of several. A run of the stated size is kept in results/reading.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import reading_made
from kept import keep, parsed

HERE = Path(__file__).resolve().parent


def apart(what: str, path: Path) -> dict[str, Any]:
    """Run a function of `reading_runs` in a process of its own, on two cores."""
    done = subprocess.run(
        [sys.executable, HERE / "reading_runs.py", what, path],
        env=os.environ | {"POLARS_MAX_THREADS": "2", "PYTHONPATH": str(HERE.parent)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def speed(folder: Path, rows: int) -> dict[str, Any]:
    path = folder / "log.jsonl"
    path.write_bytes(b"".join(reading_made.payloads(rows)))
    found: dict[str, Any] = {"requests": rows, "bytes_a_request": round(path.stat().st_size / rows)}
    found["promptlog"] = apart("ours", path)
    if find_spec("polars"):
        found["polars"] = apart("polars", path)
        found["the same columns"] = apart("alike", path)
    else:
        print("polars is not installed: no comparison")
    for name in found.keys() & {"promptlog", "polars"}:
        result = found[name]
        result["requests_a_second"] = round(rows / result["seconds"])
        result["requests_a_processor_second"] = round(rows / result["cpu_seconds"])
    if "polars" in found:
        for what in ("seconds", "cpu_seconds"):
            found[f"polars / promptlog, {what}"] = round(found["polars"][what] / found["promptlog"][what], 1)
    return found


def memory(folder: Path, rows: int) -> dict[str, Any]:
    block = b"".join(reading_made.payloads(7500))
    found = {}
    for megabytes in (10, 5000):
        path = folder / "log.jsonl"
        with path.open("wb") as file:
            for _ in range(megabytes * 10**6 // len(block) + 1):
                file.write(block)
        found[f"{megabytes} MB"] = {"bytes": path.stat().st_size, **apart("once", path)}
    return found


def files(folder: Path, rows: int) -> dict[str, Any]:
    for number, payload in enumerate(reading_made.payloads(100_000)):
        part = folder / f"{number // 1000:03d}"
        part.mkdir(exist_ok=True)
        (part / f"{number}.json").write_bytes(payload)
    return {"files": 100_000, **apart("index", folder)}


def bombs(folder: Path, rows: int) -> dict[str, Any]:
    found = {}
    for name, data in reading_made.bombs().items():
        path = folder / "bomb"
        path.write_bytes(data)
        found[name] = {"bytes": len(data), **apart("refused", path)}
    return found


MEASURED = {"speed": speed, "memory": memory, "files": files, "bombs": bombs}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", nargs="*", choices=[*MEASURED, []], default=[])
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--at", type=Path, help="where logs are made; the system's folder of such without it")
    options = parsed(parser)
    for name in options.what or MEASURED:
        with tempfile.TemporaryDirectory(dir=options.at) as folder:
            figures = MEASURED[name](Path(folder), options.rows)
        print(name, json.dumps(figures, indent=1))
        if options.keep:
            keep("reading", name, figures, *(["polars"] if "polars" in figures else []))


if __name__ == "__main__":
    main()
