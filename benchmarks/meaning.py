"""Meaning: how fast prompts are encoded, and how well rewordings and translations are found.

    python benchmarks/meaning.py [--distractors D] [--rates N] [--million]

The sets are hand-written: 20 kinds of request × 25 subjects in 16 languages, and all of them once
more in other English words (`meaning_texts`). Every sentence is sought, by its translation or
rewording, among the 500 and distractors of the same sixteen languages and frames, about two of the
subjects each: near misses. --million measures an index of a million vectors: build, memory, recall, speed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

TEXTS = Path(__file__).parent / "meaning_texts"
RESULTS = Path(__file__).parent / "results" / "meaning.json"
FRAMES = 20
LANGUAGES = (
    "ar",
    "de",
    "en",
    "es",
    "fr",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "th",
    "tr",
    "zh",
    "zh-tw",
)
RATED = ("en", "de", "ru", "ar", "zh")
DEPTH = 100  # neighbours that the deep encoder puts in order

Vectors = NDArray[np.float32]


def lines(name: str) -> tuple[list[str], list[str]]:
    """Return the frames and the subjects of a language."""
    found = (TEXTS / f"{name}.txt").read_text("utf-8").split("\n")
    return found[:FRAMES], [line for line in found[FRAMES:] if line]


def sentences(name: str) -> list[str]:
    """Return the 500 sentences of a language, in one order for all."""
    frames, subjects = lines(name)
    return [frame.replace("{}", subject) for frame in frames for subject in subjects]


def distractors(count: int) -> list[str]:
    """Return distinct texts: two subjects in one frame, in every language by turns, in random order."""
    rng, found = np.random.default_rng(5), []
    for name in LANGUAGES:
        frames, subjects = lines(name)
        pairs = [f"{a}; {b}" for a, b in itertools.permutations(subjects, 2)]
        found += [frame.replace("{}", pair) for frame in frames for pair in pairs]
    return [found[i] for i in rng.permutation(len(found))[:count]]


def sixty_words(name: str, count: int) -> list[str]:
    """Return texts of 60 words (120 characters where words are not spaced) made of a language's lines."""
    rng, frames, subjects = np.random.default_rng(6), *lines(name)
    pieces = [frame.replace("{}", "") for frame in frames] + subjects
    spaced = name not in ("ja", "th", "zh", "zh-tw")
    made = []
    for _ in range(count):
        words = list(itertools.chain.from_iterable(
            pieces[i].split() if spaced else pieces[i] for i in rng.integers(0, len(pieces), 40)
        ))  # fmt: skip
        made.append(" ".join(words[:60]) if spaced else "".join(words[:120]))
    return made


def processor_s() -> float:
    """Return the processor time of this process so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rate(encode: Callable[[Sequence[str]], object], texts: list[str]) -> dict[str, float]:
    """Return prompts a second by the clock, and by the processor time of two cores."""
    encode(texts[:16])
    clock, used = time.perf_counter(), processor_s()
    encode(texts)
    return {
        "by_clock": round(len(texts) / (time.perf_counter() - clock), 1),
        "by_processor_2_cores": round(2 * len(texts) / (processor_s() - used), 1),
    }


def ranks(queries: Vectors, targets: Vectors, others: Vectors) -> NDArray[np.int64]:
    """Return how many texts lie nearer to each query than its own target."""
    own = np.einsum("nd,nd->n", queries, targets)[:, None] + 1e-6
    nearer = (queries @ targets.T > own).sum(axis=1)
    for first in range(0, len(others), 8192):
        nearer = nearer + (queries @ others[first : first + 8192].T > own).sum(axis=1)
    return np.asarray(nearer)


def recall(rank: NDArray[np.int64]) -> dict[str, float]:
    """Return recall@1, @10 and @100."""
    return {f"at_{k}": round(float((rank < k).mean()), 3) for k in (1, 10, DEPTH)}


def by_minhash(queries: list[str], targets: list[str], others: list[str]) -> dict[str, float]:
    """Return the recall of MinHash alone: a target that shares no slot is not found."""
    import pyarrow as pa

    from fingerprint.minhash import MinHasher

    sign = MinHasher(key=bytes(32)).fingerprint
    asked, held = sign(pa.array(queries)).signatures, sign(pa.array(targets + others)).signatures
    found = []
    for row, mine in enumerate(asked):
        alike = (held == mine).mean(axis=1)
        found.append(int((alike > alike[row]).sum()) if alike[row] > 0 else len(held))
    return recall(np.array(found))


def deep_ranks(deep: Callable[[Sequence[str]], Vectors], near: NDArray[np.int64], texts: list[str],
               queries: list[str], vectors: dict[str, Vectors]) -> NDArray[np.int64]:  # fmt: skip
    """Return the targets' ranks when the DEPTH nearest of each query are put in order by another model."""
    wanted = sorted({texts[i] for i in near.ravel()} - set(vectors))
    vectors.update(zip(wanted, deep(wanted), strict=True))
    asked, found = deep(queries), []
    for row, mine in enumerate(near):
        cosine = np.array([vectors[texts[i]] @ asked[row] for i in mine])
        own = np.flatnonzero(mine == row)
        found.append(int((cosine > cosine[own[0]]).sum()) if len(own) else len(texts))
    return np.array(found)


def million(encode: Callable[[Sequence[str]], Vectors], texts: list[str]) -> dict[str, object]:
    """Measure an index of a million vectors: real ones, each moved a little in twenty ways."""
    from fingerprint.bulk import load_bulk_encoder
    from indexes import cells
    from indexes.vectors import VectorIndex, write_vectors
    from indexes.workspace import Workspace

    rng, real = np.random.default_rng(7), encode(texts)
    codes = np.empty((1_000_000, real.shape[1]), dtype=np.int8)
    for first in range(0, len(codes), 10_000):
        chosen = real[rng.integers(0, len(real), 10_000)]
        noise = rng.standard_normal(chosen.shape).astype(np.float32) / np.sqrt(chosen.shape[1])
        codes[first : first + 10_000] = cells.quantised(chosen + 0.5 * noise)
    asked = cells.unit(codes[rng.integers(0, len(codes), 200)]) + 0.2 * rng.standard_normal(
        (200, real.shape[1])
    ) / np.sqrt(real.shape[1])
    asked = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    prompts = np.arange(1, len(codes) + 1, dtype=np.uint64)
    best = np.full((len(asked), 10), -1.0)
    for first in range(0, len(codes), 50_000):
        scores = np.concatenate([best, asked @ cells.unit(codes[first : first + 50_000]).T], axis=1)
        best = -np.partition(-scores, 9, axis=1)[:, :10]
    with TemporaryDirectory() as root:
        workspace = Workspace.create(Path(root, "index"))
        clock, used = time.perf_counter(), processor_s()
        with workspace.writing() as writer:
            folder = writer.new_folder("vectors")
            writer.add_vectors(write_vectors(folder, codes, prompts, load_bulk_encoder()))
            workspace = writer.commit()
        built = {"clock_s": time.perf_counter() - clock, "processor_s": processor_s() - used}
        index = VectorIndex.open(workspace, load_bulk_encoder())
        index.search(asked[:1], 10)
        times, found = [], []
        for query in asked:
            used = time.perf_counter()
            found.append(index.search(query[None], 10)[1][0])
            times.append(time.perf_counter() - used)
    hits = np.array(found) >= best.min(axis=1, keepdims=True) - 1e-5
    return {
        "build": {name: round(value, 1) for name, value in built.items()},
        "recall_at_10": round(float(hits.mean()), 4),
        "p50_ms": round(1000 * float(np.median(times)), 2),
        "p95_ms": round(1000 * float(np.percentile(times, 95)), 2),
    }


def main() -> None:
    """Measure and write results/meaning.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--distractors", type=int, default=50_000)
    parser.add_argument("--rates", type=int, default=20_000)
    parser.add_argument("--million", action="store_true")
    arguments = parser.parse_args()
    from fingerprint.bulk import load_bulk_encoder
    from fingerprint.embedding import load_encoder

    bulk = load_bulk_encoder()
    report: dict[str, object] = {"machine": {"cores": os.cpu_count(), "cpu": platform.machine(),
                                             "load": [round(x, 1) for x in os.getloadavg()]}}  # fmt: skip
    report["bulk_rates"] = {name: rate(bulk.encode, sixty_words(name, arguments.rates)) for name in RATED}
    report["bulk_peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if arguments.million:
        report["million"] = million(bulk.encode, distractors(50_000))
    deep = load_encoder()
    report["minilm_rate"] = rate(deep.encode, sixty_words("en", 96))
    others = distractors(arguments.distractors)
    english, reworded = sentences("en"), sentences("en-other")
    held, far = bulk.encode(english), bulk.encode(others)
    report["translations_bulk"] = {
        name: recall(ranks(bulk.encode(sentences(name)), held, far)) for name in LANGUAGES if name != "en"
    }
    asked = bulk.encode(reworded)
    near = np.argsort(-(asked @ np.concatenate([held, far]).T), axis=1, kind="stable")[:, :DEPTH]
    report["paraphrases"] = {
        "bulk": recall(ranks(asked, held, far)),
        "bulk_then_minilm": recall(deep_ranks(deep.encode, near, english + others, reworded, {})),
        "minhash": by_minhash(reworded, english, others),
    }
    few = others[: min(len(others), 2000)]
    report["minilm_among_2000"] = {
        "paraphrases": recall(ranks(deep.encode(reworded), deep.encode(english), deep.encode(few))),
        "german": recall(ranks(deep.encode(sentences("de")), deep.encode(english), deep.encode(few))),
    }
    RESULTS.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
