"""Speed of the fingerprint kernel, beside datasketch doing the sketching part of the same work.

Ours: an Arrow array of texts to signatures, spans and hashes, on all threads and on one.
datasketch 2.0: `MinHash.update_batch` over the same 32-bit shingle hashes, which it is given
ready made, in one thread. So datasketch is spared folding, tokenising and hashing. The figures
are the best of several runs, in one process.

    python benchmarks/fingerprints.py [--rows 20000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from random import Random

import numba
import numpy as np
import pyarrow as pa
from datasketch import MinHash
from numpy.typing import NDArray

from fingerprint.minhash import MinHasher

KEY = b"a fixed key for a fixed result".ljust(32, b".")
HAN = "".join(chr(code) for code in range(0x4E00, 0x5600))
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
OTHERS = 1000  # texts that datasketch is timed on, as it is much slower


def vocabulary(rng: Random, letters: str, size: int = 20_000) -> list[str]:
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
        "mixed scripts": [mixed() for _ in range(rows)],
    }


def best(work: Callable[[], object], runs: int) -> float:
    """Return the least seconds of several runs."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def by_datasketch(shingles: list[list[int]]) -> NDArray[np.uint32]:
    rows = []
    for row in shingles:
        sketch = MinHash(128, seed=1, scheme="affine32", hashfunc=int)
        sketch.update_batch(row)
        rows.append(sketch.hashvalues)
    return np.array(rows, dtype=np.uint32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()

    hasher, threads = MinHasher(KEY), numba.config.NUMBA_NUM_THREADS
    hasher.fingerprint(pa.array(["compile"]))
    print(f"{options.rows:,} texts of each kind; texts per second\n")
    head = f"{threads} threads"
    print(f"{'':<26}{head:>12}{'MB/s':>8}{'1 thread':>12}{'datasketch':>12}{'ratio':>8}{'of 1':>8}")
    for name, texts in corpora(Random(1), options.rows).items():
        array = pa.array(texts, pa.large_string())
        few = texts[:OTHERS]
        given = [hasher.shingles(text).tolist() for text in few]
        assert (by_datasketch(given) == hasher.fingerprint(array).signatures[: len(few)]).all()
        all_threads = options.rows / best(lambda array=array: hasher.fingerprint(array), options.runs)
        numba.set_num_threads(1)
        one_thread = options.rows / best(lambda array=array: hasher.fingerprint(array), options.runs)
        numba.set_num_threads(threads)
        theirs = len(few) / best(lambda given=given: by_datasketch(given), options.runs)
        megabytes = sum(len(text.encode()) for text in texts) / len(texts) * all_threads / 1e6
        print(
            f"{name:<26}{all_threads:>12,.0f}{megabytes:>8,.0f}{one_thread:>12,.0f}{theirs:>12,.0f}"
            f"{all_threads / theirs:>8.1f}{one_thread / theirs:>8.1f}"
        )


if __name__ == "__main__":
    main()
