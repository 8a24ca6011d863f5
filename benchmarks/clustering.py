"""Near-copy clustering end to end, beside text-dedup and a datasketch LSH with union-find.

Texts of 20 to 100 words, a third of them in groups of copies with a few words replaced. Ours:
fingerprints, folded signatures, bands, verified edges, components, as `campaigns/edges.py` does it.
datasketch: MinHash per text, MinHashLSH at the same threshold, union of every candidate.
text-dedup: what its command does between loading and filtering, in one process: its function per
text, its hash tables, its union-find; bands for the same threshold.
The others are timed on a sample of the same kind and scaled by the number of texts, which favours
them, as tables grow. They have one thread, so ratios by processor time stand beside.

Whoever verifies trades recall for precision by the threshold, so ours are told for lower ones too:
text-dedup verifies nothing, and its recall is that of candidates alone.

Truth: brute force over the same sample, pairs with exact Jaccard similarity of the shingles of at
least the threshold, closed transitively. A pair is found when the two texts are in one cluster.

    python benchmarks/clustering.py [--rows 1000000] [--sample 20000] [--out FILE.json]

rensa has no clustering. See `peers.py` for what is to be installed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from kept import machine, write
from numpy.typing import NDArray
from peers import installed
from throughput import KEY, vocabulary

from campaigns.components import components
from campaigns.edges import NEAR_COPY, near_copy_clusters
from fingerprint.minhash import MinHasher
from indexes.exact import jaccard_pairs
from indexes.lsh import fold

LOWER = (0.66, 0.64, 0.62, 0.6, 0.58)
BATCH = 100_000  # texts that are fingerprinted at once


def texts_of(rng: Random, rows: int) -> list[str]:
    """Return texts in random order, a third of them near copies of others."""
    words, found = vocabulary(rng, "etaoinshrdlucmfwypvbgk"), []
    while len(found) < rows:
        first = rng.choices(words, k=rng.randint(20, 100))
        found.append(" ".join(first))
        for _ in range(rng.choice([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])):
            copy = list(first)
            for _ in range(rng.randint(0, len(copy) // 12)):
                copy[rng.randrange(len(copy))] = rng.choice(words)
            found.append(" ".join(copy))
    del found[rows:]
    rng.shuffle(found)
    return found


def ours(texts: Sequence[str], threshold: float = NEAR_COPY) -> NDArray[np.int64]:
    """Return a label per text."""
    hasher, array = MinHasher(KEY), pa.array(texts, pa.large_string())
    signatures, visible = [], []
    for first in range(0, len(array), BATCH):
        prints = hasher.fingerprint(array[first : first + BATCH])
        signatures.append(fold(prints.signatures))
        visible.append(prints.visible)
    return near_copy_clusters(np.concatenate(signatures), np.concatenate(visible), threshold)


def with_datasketch(texts: Sequence[str], sketches: Sequence[Any]) -> NDArray[np.int64]:
    """Return a label per text: every candidate of the LSH is united with it."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=NEAR_COPY, num_perm=128)
    pairs = []
    for row, sketch in enumerate(sketches):
        pairs += [(other, row) for other in index.query(sketch)]
        index.insert(row, sketch)
    return labels(pairs, len(texts))


def with_text_dedup(texts: Sequence[str], sketches: Sequence[Any]) -> NDArray[np.int64]:
    """Return a label per text: every bucket is one cluster."""
    from text_dedup.utils import UnionFind

    tables: list[dict[bytes, set[int]]] = [defaultdict(set) for _ in sketches[0]["__signatures__"]]
    for row, sketch in enumerate(sketches):
        for table, key in zip(tables, sketch["__signatures__"], strict=True):
            table[key].add(row)
    found = UnionFind()
    for table in tables:
        for bucket in table.values():
            least = min(bucket)
            for row in bucket:
                found.union(row, least)
    return np.array([found.find(row) for row in range(len(texts))])


def labels(pairs: Sequence[tuple[int, int]], rows: int) -> NDArray[np.int64]:
    """Return the component of each row."""
    return components(rows, np.array(pairs, dtype=np.int64).reshape(-1, 2))


def truth_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return a label per text by brute force, with hashed trigrams of words."""
    hasher = MinHasher(KEY)
    pairs = jaccard_pairs([hasher.shingles(text) for text in texts], NEAR_COPY)
    return components(len(texts), pairs)


def pairs_of(clusters: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Return the pairs of rows with one label."""
    members = defaultdict(list)
    for row, label in enumerate(clusters.tolist()):
        members[label].append(row)
    return {pair for rows in members.values() for pair in combinations(rows, 2)}


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Return what came out, and the seconds and processor seconds it took."""
    started, used = time.perf_counter(), time.process_time()
    result = work()
    return result, {
        "seconds": round(time.perf_counter() - started, 2),
        "processor_seconds": round(time.process_time() - used, 2),
    }


def quality(found: NDArray[np.int64], truth: set[tuple[int, int]]) -> dict[str, float]:
    """Return pair recall and precision."""
    pairs = pairs_of(found)
    common = len(pairs & truth)
    return {"recall": round(common / len(truth), 4), "precision": round(common / max(1, len(pairs)), 4)}


CLUSTERING = {"datasketch": with_datasketch, "text-dedup": with_text_dedup}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    sample = texts_of(Random(2), options.sample)
    truth = pairs_of(truth_of(sample))
    ours(sample[:100])  # compile
    texts = texts_of(Random(1), options.rows)
    clusters, cost = timed(lambda: ours(texts))
    result: dict[str, Any] = {
        "machine": machine("datasketch"),
        "rows": options.rows,
        "sample": options.sample,
        "pairs": len(truth),
        "promptprint": cost | {"clusters": len(np.unique(clusters))} | quality(ours(sample), truth),
    }
    print("promptprint", result["promptprint"])
    result["at_lower_thresholds"] = {each: quality(ours(sample, each), truth) for each in LOWER}
    print(result["at_lower_thresholds"])
    for name, sketches_of in installed().items():
        cluster = CLUSTERING.get(name.split()[0])
        if cluster is None:
            continue
        found, cost = timed(lambda s=sketches_of, c=cluster: c(sample, s(sample)))
        scale = options.rows / options.sample
        ratios = {
            f"scaled_{unit}_over_ours": round(cost[unit] * scale / result["promptprint"][unit], 1)
            for unit in ("seconds", "processor_seconds")
        }
        result[name] = cost | ratios | quality(found, truth)
        print(name, result[name])
    if options.out:
        write(options.out, result)


if __name__ == "__main__":
    main()
