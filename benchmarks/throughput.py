"""Speed of the fingerprint kernel, beside other MinHash libraries on the same texts in one run.

Ours: an Arrow array of texts to signatures, span samples and hashes. Theirs: texts to signatures,
as `peers.py` says, in one thread, on the first of the same texts. A rate is the best of several
runs. On a busy machine wall-clock rates say little, so the rates per second of processor time stand
beside them: a ratio of these is one core against one core. That our signatures are datasketch's,
given the same shingle hashes, is checked in the same run.

    python benchmarks/throughput.py [--rows 20000] [--runs 5] [--out benchmarks/results/throughput.json]

rensa and text-dedup are no dependencies of the project: `pip install rensa text-dedup`. semhash is
left out: it compares vectors of a model, which is no part of this kernel.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from datasketch import MinHash
from kept import machine, write
from peers import installed

from fingerprint.minhash import MinHasher

KEY = b"a fixed key for a fixed result".ljust(32, b".")
HAN = "".join(chr(code) for code in range(0x4E00, 0x5600))
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
THEIRS = 1000  # texts that the others are timed on, as they are much slower


def vocabulary(rng: Random, letters: str, size: int = 20_000) -> list[str]:
    """Return words of two to nine letters."""
    return ["".join(rng.choices(letters, k=rng.randint(2, 9))) for _ in range(size)]


def sentences(rng: Random, words: list[str], count: int) -> str:
    """Words with a capital and a full stop now and then."""
    chosen = rng.choices(words, k=count)
    for place in range(0, count - 1, 12):
        chosen[place] = chosen[place].capitalize()
        chosen[place - 1] += "."
    return " ".join(chosen)


def corpora(rng: Random, rows: int) -> dict[str, list[str]]:
    """Return the texts of each kind."""
    english, russian = vocabulary(rng, "etaoinshrdlucmfwypvbgk"), vocabulary(rng, CYRILLIC)

    def han(count: int) -> str:
        return "，".join("".join(rng.choices(HAN, k=12)) for _ in range(count // 12))

    def mixed() -> str:
        return f"{sentences(rng, english, 40)} {sentences(rng, russian, 30)} {han(60)} café ＡＢＣ 👍\u200b"

    return {
        "English, 200 words": [sentences(rng, english, 200) for _ in range(rows)],
        "English, 60 words": [sentences(rng, english, 60) for _ in range(rows)],
        "Chinese, 200 characters": [han(204) for _ in range(rows)],
        "Russian, 100 words": [sentences(rng, russian, 100) for _ in range(rows)],
        "mixed scripts": [mixed() for _ in range(rows)],
    }


def rates(work: Callable[[], object], rows: int, runs: int) -> dict[str, float]:
    """Return texts per second and texts per second of processor time, the best of several runs."""
    wall, processor = [], []
    for _ in range(runs):
        started, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    return {"per_second": round(rows / min(wall)), "per_processor_second": round(rows / min(processor))}


def check(hasher: MinHasher, texts: Sequence[str]) -> None:
    """Stop where a signature is not that of datasketch over the same shingle hashes."""
    ours = hasher.fingerprint(pa.array(texts, pa.large_string())).signatures
    for text, row in zip(texts, ours, strict=True):
        sketch = MinHash(128, seed=1, scheme="affine32", hashfunc=int)
        sketch.update_batch(hasher.shingles(text).tolist())
        if not np.array_equal(sketch.hashvalues, row):
            raise SystemExit(f"the signature of {text!r} is not datasketch's")


def measure(texts: list[str], hasher: MinHasher, runs: int) -> dict[str, Any]:
    """Return the rates of all libraries on one kind of text."""
    array, few = pa.array(texts, pa.large_string()), texts[:THEIRS]
    check(hasher, few)
    threads = numba.get_num_threads()
    ours = {f"{threads} threads": rates(lambda: hasher.fingerprint(array), len(texts), runs)}
    numba.set_num_threads(1)
    ours["1 thread"] = rates(lambda: hasher.fingerprint(array), len(texts), runs)
    numba.set_num_threads(threads)
    theirs = {name: rates(lambda work=work: work(few), len(few), runs) for name, work in installed().items()}
    size = sum(len(text.encode()) for text in texts) / len(texts)
    nanoseconds = 1e9 / size / ours["1 thread"]["per_processor_second"]
    return {"bytes": round(size), "nanoseconds_per_byte": round(nanoseconds, 2), "promptprint": ours} | theirs


def show(name: str, found: dict[str, Any]) -> None:
    """Print one kind of text."""
    print(f"{name}: {found['bytes']} bytes a text, {found['nanoseconds_per_byte']} ns of a core per byte")
    [together, alone] = found["promptprint"].values()
    for threads, rate in found["promptprint"].items():
        one = rate["per_processor_second"]
        print(f"    {threads:<20}{rate['per_second']:>10,}/s, {one:,} per second of a core")
    for library, rate in found.items():
        if isinstance(rate, dict) and "per_second" in rate:
            ratio = together["per_second"] / rate["per_second"]
            of_one = alone["per_processor_second"] / rate["per_processor_second"]
            print(f"    {library:<20}{rate['per_second']:>10,}/s, ours × {ratio:.0f}; by core × {of_one:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    hasher = MinHasher(KEY)
    hasher.fingerprint(pa.array(["compile"]))
    found = {}
    for name, texts in corpora(Random(1), options.rows).items():
        found[name] = measure(texts, hasher, options.runs)
        show(name, found[name])
    if options.out:
        write(options.out, {"machine": machine("datasketch"), "texts": found})


if __name__ == "__main__":
    main()
