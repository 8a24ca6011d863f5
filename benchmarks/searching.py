"""Does search find what it should? Own text first; the same text with words replaced in the first ten.

    python benchmarks/searching.py --index DIR [--prompts 500] [--replaced 0.2]

Samples prompts of more than 30 words, searches each as it is and with a part of its words replaced
by words of other prompts, and prints the shares found and the time a search takes.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

import numpy as np

from indexes.search import search
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--replaced", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()

    snapshot = Snapshot(Workspace.open(options.index))
    draw = random.Random(options.seed)
    long = np.flatnonzero(snapshot.tokens > 30).tolist()
    texts = snapshot.read_prompts(np.array(sorted(draw.sample(long, min(len(long), options.prompts)))))
    words = [word for text in texts for word in text.split()]
    own, near, seconds = 0, 0, []

    def found(text: str) -> list:  # type: ignore[type-arg]
        started = time.perf_counter()
        matches = search(snapshot, text)
        seconds.append(time.perf_counter() - started)
        return matches

    for text in texts:
        matches = found(text)
        own += bool(matches) and matches[0].text == text and matches[0].jaccard == 1
        mine = text.split()
        for place in draw.sample(range(len(mine)), round(options.replaced * len(mine))):
            mine[place] = draw.choice(words)
        near += text in [match.text for match in found(" ".join(mine))]
    cuts = statistics.quantiles(seconds, n=100)
    print(f"{len(texts)} prompts of {len(snapshot.text_of):,}")
    print(f"own text first with Jaccard 1: {own / len(texts):.3f}")
    print(f"with {options.replaced:.0%} of the words replaced, in the first ten: {near / len(texts):.3f}")
    print(f"a search takes {cuts[49] * 1e3:.0f} ms (median), {cuts[98] * 1e3:.0f} ms (99%)")


if __name__ == "__main__":
    main()
