"""Span postings: which texts contain a sampled run of words.

The span hashes of all texts lie sorted, each beside its text and its place in it: an inverted
index (Manning, Raghavan, Schuetze, "Introduction to Information Retrieval", chapter 1) as three
flat arrays. It finds what whole-text likeness cannot: one fixed sentence inside long and
otherwise different prompts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.minhash import Fingerprints


@dataclass(frozen=True)
class Postings:
    """hashes: (m,) uint64, ascending; texts, places: (m,) uint32, text row and first token."""

    hashes: NDArray[np.uint64]
    texts: NDArray[np.uint32]
    places: NDArray[np.uint32]

    @classmethod
    def build(cls, prints: Fingerprints) -> Postings:
        """Invert the spans of a batch of fingerprints."""
        counts = np.diff(prints.span_offsets)
        texts = np.repeat(np.arange(len(prints), dtype=np.uint32), counts)
        order = np.argsort(prints.span_hashes, kind="stable")
        return cls(prints.span_hashes[order], texts[order], prints.span_places[order])

    def matches(
        self, hashes: NDArray[np.uint64], widest: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Return (text rows, number of distinct query spans each contains).

        A span that more than `widest` texts contain is passed over unless every span of the
        query is such: a common phrase says little and costs much.
        """
        wanted = np.unique(hashes)
        first = np.searchsorted(self.hashes, wanted, side="left")
        last = np.searchsorted(self.hashes, wanted, side="right")
        held = [np.unique(self.texts[a:b]) for a, b in zip(first, last, strict=True) if b > a]
        if not held:
            return np.empty(0, np.uint32), np.empty(0, np.uint32)
        rare = [texts for texts in held if len(texts) <= widest]
        texts, counts = np.unique(np.concatenate(rare or held), return_counts=True)
        return texts, counts.astype(np.uint32)
