"""Searching a million vectors: recall against brute force, time, memory, and from a cold start."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from haystack_run.measure import run
from numpy.typing import NDArray

QUERIES, COLD = 500, 7
_ROWS_AT_ONCE = 1 << 16
_HERE = Path(__file__).resolve()
_ROOT = _HERE.parents[2]
_COMMAND = [sys.executable, "-c", "from cli.main import main; main()", "search", "--by", "meaning"]


def million(index: Path) -> dict[str, Any]:
    """Return what searching costs: in a process of its own, and through the command line."""
    answer = index.with_suffix(".meaning.json")
    environment = {"PYTHONPATH": f"{_ROOT}:{_HERE.parents[1]}"}
    cost = run(
        [sys.executable, "-m", "meaning_run.million", str(index)], stdout=answer, environment=environment
    )
    found = json.loads(answer.read_bytes())
    answer.unlink()
    if cost.exit_code:
        raise SystemExit(f"searching ended with {cost.exit_code}")
    return {name: value for name, value in found.items() if name != "texts"} | _cold(index, found["texts"])


def _cold(index: Path, texts: list[str]) -> dict[str, Any]:
    """Return the seconds of `search --by meaning`, a process for each text; torch is not loaded (tests)."""
    clock = []
    for text in texts:
        started = time.perf_counter()
        done = subprocess.run([*_COMMAND, "-", "--index", str(index), "--json"], input=text.encode(),
                              cwd=_ROOT, capture_output=True)  # fmt: skip
        clock.append(round(time.perf_counter() - started, 2))
        if done.returncode:
            raise SystemExit(f"a search ended with {done.returncode}: {done.stderr.decode()}")
    return {"cold_s": clock, "cold_median_s": statistics.median(clock)}


def searches(index: Path) -> dict[str, Any]:
    """Return recall@10 and times of searches by meaning for texts near to, but not, the prompts held."""
    from fingerprint.bulk import load_bulk_encoder
    from indexes.snapshot import Snapshot
    from indexes.vectors import VectorIndex
    from indexes.workspace import Workspace

    encoder, snapshot = load_bulk_encoder(), Snapshot(Workspace.open(index))
    vectors = VectorIndex.open(snapshot.workspace, encoder)
    chosen = np.linspace(0, snapshot.first_text[-1] - 1, QUERIES).astype(np.int64)
    texts = [_worn(text) for text in snapshot.read_texts(chosen)]
    asked = encoder.encode(texts)
    vectors.search(asked[:1], 10)
    times, cosines = [], []
    for query in asked:
        started = time.perf_counter()
        cosines.append(vectors.search(query[None], 10)[1][0])
        times.append(1000 * (time.perf_counter() - started))
    peak_before_brute_force = _peak_mib()
    best = _tenth(vectors, asked)
    return {
        "vectors": len(vectors),
        "queries": QUERIES,
        "recall_at_10": round(float((np.array(cosines) >= best[:, None] - 1e-5).mean()), 4),
        "p50_ms": round(float(np.percentile(times, 50)), 2),
        "p95_ms": round(float(np.percentile(times, 95)), 2),
        "peak_mib": peak_before_brute_force,
        "texts": texts[:COLD],
    }


def _worn(text: str) -> str:
    """Return a text without every fifth of its words (or letters): something that no index holds."""
    words = text.split() if " " in text else list(text)
    return " ".join(word for i, word in enumerate(words) if i % 5 != 4) or text


def _tenth(vectors: Any, asked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the tenth best cosine of each query among all vectors, each compared."""
    from indexes import cells

    best = np.full((len(asked), 10), -1, dtype=np.float32)
    for one in vectors.sets:
        for first in range(0, len(one.codes), _ROWS_AT_ONCE):
            near = asked @ cells.unit(one.codes[first : first + _ROWS_AT_ONCE]).T
            best = -np.partition(-np.concatenate([best, near], axis=1), 9, axis=1)[:, :10]
    return np.asarray(best[:, 9])


def _peak_mib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    print(json.dumps(searches(Path(sys.argv[1]))))
