"""Recall of near-copy detection: of all pairs that are alike, how many do the LSH bands find?

The truth is brute force: exact Jaccard similarity of the shingle sets over every pair of a sample
of distinct prompts, taken evenly over the logs. Found are the pairs that share a band (what LSH
proposes) and the pairs that verification keeps (edges). Texts shorter than five tokens are left
out: there a typing error is a different text.

    python benchmarks/recall.py LOG... [--sample 20000]

Quadratic: 20,000 prompts take about a minute on two cores.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import promptlog
from campaigns.edges import near_copy_clusters
from fingerprint.kernel import PAIR_TOKENS
from fingerprint.minhash import MinHasher
from indexes.exact import jaccard_pairs
from indexes.lsh import BANDS, ROWS, band_keys, fold, likeness, visible
from indexes.segment import PROMPT_SEGMENTS

KEY = b"a fixed key for a fixed result".ljust(32, b".")
THRESHOLD = 0.7
LEVELS = (0.7, 0.75, 0.8, 0.9, 1.0)


def prompts(paths: list[Path]) -> Iterator[str]:
    """Yield every distinct text of the logs' prompts, by first appearance."""
    seen: set[str] = {""}
    for path in promptlog.walk(paths):
        for batch in promptlog.read(path):
            columns = [batch.records.column(name).to_pylist() for name in PROMPT_SEGMENTS]
            for texts in zip(*columns, strict=True):
                new = [text for text in dict.fromkeys(texts) if text not in seen]
                seen.update(new)
                yield from new


def sampled(paths: list[Path], hasher: MinHasher, size: int) -> tuple[pa.Array, int]:
    """Return up to `size` prompts of distinct canonical forms, evenly spread, and of how many."""
    texts = pa.array(prompts(paths), pa.large_string())
    prints = hasher.fingerprint(texts)
    first = np.sort(np.unique(prints.canonical, return_index=True)[1])
    usable = first[prints.tokens[first] >= PAIR_TOKENS]
    chosen = usable[np.linspace(0, len(usable) - 1, min(size, len(usable))).astype(np.int64)]
    return texts.take(pa.array(chosen)), len(usable)


def exact_similarity(sets: list[NDArray[np.uint32]], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the exact Jaccard similarity of each (m, 2) pair of shingle sets."""
    found = np.empty(len(pairs))
    for place, (i, j) in enumerate(pairs):
        common = np.intersect1d(sets[i], sets[j], assume_unique=True).size
        found[place] = common / (len(sets[i]) + len(sets[j]) - common)
    return found


def share_a_band(signatures: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return (m,) whether the two of each pair are LSH candidates."""
    found = np.zeros(len(pairs), dtype=np.bool_)
    for band in range(BANDS):
        keys = band_keys(signatures, band)
        found |= keys[pairs[:, 0]] == keys[pairs[:, 1]]
    return found


def expected(jaccard: NDArray[np.float64]) -> float:
    """Return the recall that theory gives pairs of these similarities."""
    return float(np.mean(1 - (1 - jaccard**ROWS) ** BANDS)) if len(jaccard) else float("nan")


def share(found: NDArray[np.bool_]) -> str:
    return f"{found.mean():8.4f}" if len(found) else "       –"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="+", type=Path, metavar="LOG")
    parser.add_argument("--sample", type=int, default=20_000)
    options = parser.parse_args()

    hasher = MinHasher(KEY)
    texts, usable = sampled(options.logs, hasher, options.sample)
    print(f"{len(texts):,} of {usable:,} distinct prompts of {PAIR_TOKENS} tokens or more")
    sets = [hasher.shingles(text) for text in texts.to_pylist()]
    started = time.perf_counter()
    pairs = jaccard_pairs(sets, THRESHOLD)
    seconds = time.perf_counter() - started
    print(f"{len(pairs):,} pairs with J >= {THRESHOLD} (exact, {seconds:.0f} s)\n")

    signatures = fold(hasher.fingerprint(texts).signatures)
    jaccard = exact_similarity(sets, pairs)
    candidates = share_a_band(signatures, pairs)
    estimated = likeness(signatures[pairs[:, 0]], signatures[pairs[:, 1]])
    cluster = near_copy_clusters(signatures, visible(signatures), THRESHOLD)
    together = cluster[pairs[:, 0]] == cluster[pairs[:, 1]]

    print(f"{'J':>12} {'pairs':>9} {'LSH':>8} {'theory':>8} {'verified':>8} {'together':>8}")
    for low, high in [(low, 1.01) for low in LEVELS[:1]] + list(
        zip(LEVELS, [*LEVELS[1:], 1.01], strict=True)
    ):
        here = (jaccard >= low) & (jaccard < high)
        name = f">= {low}" if high > 1 else f"{low} – {high}"
        kept = candidates[here] & (estimated[here] >= THRESHOLD)
        figures = (
            share(candidates[here]),
            f"{expected(jaccard[here]):8.4f}",
            share(kept),
            share(together[here]),
        )
        print(f"{name:>12} {here.sum():>9,}", *figures)
    print("\nLSH: shares one of the bands. verified: and is estimated at the threshold or above.")
    print("together: lies in one cluster of near copies.")


if __name__ == "__main__":
    main()
