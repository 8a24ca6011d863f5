"""Searches in an opened index, each timed: python searches.py INDEX LOG_DIR QUERIES. Prints JSON.

Queries are prompts of the log, taken from all its files: the whole text by copy, twelve words of
its middle by span. A search counts as right when its best answer holds all of the query.

All are asked twice. The first round pays for what the system has not in memory: what a search reads
of an index is half of it, at random. The second tells what an index costs that is in use.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from indexes.search import By, search
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace
from promptlog import read, walk

_WORDS = 12
_LEAST_WORDS = 20
_SEED = 11


def main() -> None:
    index, log, queries = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    texts = sample(log, queries)
    started, worked = time.perf_counter(), time.process_time()
    snapshot = Snapshot(Workspace.open(index))
    opened = time.perf_counter()
    search(snapshot, texts[0], by=By.ANY)
    result: dict[str, object] = {
        "segments": len(snapshot.segments),
        "opened_s": round(opened - started, 3),
        "opened_with_a_first_answer_s": round(time.perf_counter() - started, 3),
        "opened_with_a_first_answer_cpu_s": round(time.process_time() - worked, 3),
    }
    spans = [middle(text) for text in texts]
    for by, asked in ((By.COPY, texts), (By.SPAN, spans)):
        search(snapshot, asked[0], by=by)  # kernels are loaded once
        result[f"{by.value}_first"] = timed(snapshot, asked, by)
        result[by.value] = timed(snapshot, asked, by)
    sys.stdout.buffer.write(msgspec.json.encode(result))


def timed(snapshot: Snapshot, asked: list[str], by: By) -> dict[str, float]:
    """Return percentiles in milliseconds, waited and of processor time, and the part of right answers."""
    taken, used, right = [], [], 0
    for text in asked:
        started, worked = time.perf_counter(), time.process_time()
        found = search(snapshot, text, by=by)
        taken.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (time.process_time() - worked))
        right += bool(found) and max(found[0].jaccard, found[0].containment) >= 0.999
    (p50, p99), (cpu_p50, cpu_p99) = (np.percentile(each, [50, 99]) for each in (taken, used))
    return {
        "queries": len(asked),
        "p50_ms": round(float(p50), 2),
        "p99_ms": round(float(p99), 2),
        "max_ms": round(max(taken), 2),
        "cpu_p50_ms": round(float(cpu_p50), 2),
        "cpu_p99_ms": round(float(cpu_p99), 2),
        "right": round(right / len(asked), 4),
    }


def sample(log: Path, count: int) -> list[str]:
    """Return texts of at least twenty words, as many from the head of every file."""
    files, random = walk([log]), np.random.default_rng(_SEED)
    each = -(-count // len(files))
    texts: list[str] = []
    for file in files:
        heads = [batch.records["first_user"].to_pylist() for batch in islice(read(file), 4)]
        long = [text for head in heads for text in head if len(text.split()) >= _LEAST_WORDS]
        texts += [long[i] for i in random.choice(len(long), each, replace=False)]
    return texts[:count]


def middle(text: str) -> str:
    """Return twelve words from the middle of a text."""
    words = text.split()
    first = (len(words) - _WORDS) // 2
    return " ".join(words[first : first + _WORDS])


if __name__ == "__main__":
    main()
