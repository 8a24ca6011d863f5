"""How alike a text and logged prompts are: estimated for all, exact for those that matter.

jaccard       shared part of the two shingle sets; from signatures first, then from the sets
containment   part of the text's word runs that the prompt holds; from sampled spans first
cosine        of embeddings, where some were compared

Estimates only order the candidates. Whatever ends up at the head of a list is compared exactly,
until the head holds nothing estimated (in an index without texts, estimates are all there is).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexes import lsh
from indexes.snapshot import Snapshot

_RUN = 3  # words that must follow one another to count as contained
_STEP = 20  # prompts compared exactly at a time
_MOST = 2000  # and at most, for a text that half the log resembles
_UNRELATED = 0.5  # a cosine beside a Jaccard similarity counts by how far it lies above this
_RUN_FACTOR = np.uint64(0x9E3779B97F4A7C15)


@dataclass
class Likeness:
    """Candidates with their likeness to one text; (n,) arrays.

    texts: text numbers, one for each prompt. signature: (num_perm,) uint8, the query's.
    containment: as estimated from spans. cosine: NaN where no embedding was compared.
    """

    snapshot: Snapshot
    text: str
    signature: NDArray[np.uint8]
    texts: NDArray[np.int64]
    containment: NDArray[np.float64]
    cosine: NDArray[np.float64]
    jaccard: NDArray[np.float64] = field(init=False)
    exact: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        hasher = self.snapshot.workspace.hasher
        signatures = np.empty((len(self.texts), len(self.signature)), dtype=np.uint8)
        for _, segment, places, rows in self.snapshot.by_segment(self.texts):
            signatures[places] = segment.signatures[rows]
        self.jaccard = lsh.likeness(signatures, self.signature)
        self.exact = np.full(len(self.texts), not self.snapshot.workspace.manifest.with_text)
        self._shingles = hasher.shingles(self.text)
        self._tokens = hasher.tokens(self.text)[0]

    def head(self, key: str, count: int) -> NDArray[np.int64]:
        """Return the places of the `count` most alike by one measure ("best" for any), all exact."""
        for _ in range(_MOST // _STEP):
            order = np.lexsort((self.texts, -self.jaccard, -self._measure(key)))
            estimated = order[:count][~self.exact[order[:count]]]
            if len(estimated) == 0:
                break
            self._refine(np.union1d(estimated, order[~self.exact[order]][:_STEP]))
        return np.asarray(order[:count])

    def _measure(self, key: str) -> NDArray[np.float64]:
        cosine = np.nan_to_num(self.cosine, nan=0.0)
        related = (cosine - _UNRELATED) / (1 - _UNRELATED)
        best = np.maximum(np.maximum(self.jaccard, self.containment), related)
        measures = {"jaccard": self.jaccard, "containment": self.containment, "cosine": cosine, "best": best}
        return measures[key]

    def _refine(self, places: NDArray[np.int64]) -> None:
        """Replace the estimates at some places by exact values."""
        hasher = self.snapshot.workspace.hasher
        size = min(_RUN, len(self._tokens))
        runs = _runs(self._tokens, size)
        for place, other in zip(places, self.snapshot.read_texts(self.texts[places]), strict=True):
            theirs = hasher.shingles(other)
            both = np.intersect1d(self._shingles, theirs, assume_unique=True).size
            self.jaccard[place] = both / max(1, self._shingles.size + theirs.size - both)
            held = np.intersect1d(runs, _runs(hasher.tokens(other)[0], size), assume_unique=True).size
            self.containment[place] = held / max(1, runs.size)
        self.exact[places] = True


def _runs(tokens: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """Return the distinct hashes of the runs of `size` tokens."""
    if size == 0 or len(tokens) < size:
        return np.empty(0, np.uint64)
    runs = np.zeros(len(tokens) - size + 1, dtype=np.uint64)
    for offset in range(size):
        runs = runs * _RUN_FACTOR + tokens[offset : offset + len(runs)]
    return np.unique(runs)
