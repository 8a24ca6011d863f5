"""What a segment keeps of its texts' fingerprints, as rows that can be chosen and put together.

A segment is rewritten from these without its texts: nothing is fingerprinted twice, and an index
that keeps no text can be compacted and erased from like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.minhash import Fingerprints
from indexes.lsh import Signatures, fold


@dataclass(frozen=True)
class TextPrints:
    """Fingerprints of n texts, row by row.

    canonical: (n,) uint64. tokens, hidden: (n,) uint32. signatures: (n, num_perm) uint8, see
    lsh.fold. span_hashes: (m,) uint64, of which postings keep the first bits; those of row i are
    span_hashes[span_offsets[i]:span_offsets[i + 1]], in text order.
    """

    canonical: NDArray[np.uint64]
    tokens: NDArray[np.uint32]
    hidden: NDArray[np.uint32]
    signatures: Signatures
    span_hashes: NDArray[np.uint64]
    span_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.canonical)

    @classmethod
    def of(cls, prints: Fingerprints) -> TextPrints:
        """Return what an index keeps of fresh fingerprints."""
        return cls(
            prints.canonical,
            prints.tokens,
            prints.hidden,
            fold(prints.signatures),
            prints.span_hashes,
            prints.span_offsets,
        )

    @classmethod
    def join(cls, parts: Sequence[TextPrints]) -> TextPrints:
        """Return the rows of all parts, one after the other."""
        before = np.cumsum([0, *(len(part.span_hashes) for part in parts)])
        offsets = [part.span_offsets[1:] + start for part, start in zip(parts, before[:-1], strict=True)]
        return cls(
            np.concatenate([part.canonical for part in parts]),
            np.concatenate([part.tokens for part in parts]),
            np.concatenate([part.hidden for part in parts]),
            np.concatenate([part.signatures for part in parts]),
            np.concatenate([part.span_hashes for part in parts]),
            np.concatenate([np.zeros(1, np.int64), *offsets]),
        )

    def take(self, rows: NDArray[np.int64]) -> TextPrints:
        """Return some rows, in the order given."""
        counts = np.diff(self.span_offsets)[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        # Span j of row i lies at its place in `self`, moved by where the row's spans begin.
        moved = np.repeat(self.span_offsets[:-1][rows] - offsets[:-1], counts)
        return TextPrints(
            self.canonical[rows],
            self.tokens[rows],
            self.hidden[rows],
            self.signatures[rows],
            self.span_hashes[np.arange(offsets[-1]) + moved],
            offsets,
        )
