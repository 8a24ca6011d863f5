"""A SentencePiece model's tokens of texts, each different word tokenised once.

No piece of the model spans a space, so the most probable pieces of a text are those of its words
(Kudo 2018, "Subword Regularization", section 3.1: a unigram model takes pieces for independent).
A log says the same words again and again, and looking a word up takes a fifth of the time.
Where two ways to cut a word are as probable, the rounding of a long text's sum no longer decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

Ints = NDArray[np.int64]
Pieces = NDArray[np.int32]

_LONGEST = 48  # bytes of a word that is kept: whole sentences of Chinese or Thai do not come again
_MOST = 1 << 18  # words; then they are learnt anew


class WordPieces:
    """Several threads may tokenise at once; what they get does not depend on what was seen before."""

    def __init__(self, tokens: SentencePieceProcessor) -> None:
        self.tokens = tokens
        self._known = _Words()

    def __call__(self, texts: Sequence[bytes]) -> tuple[Pieces, Ints]:
        """Return (pieces, ends): those of text i, in UTF-8, end at ends[i]. Without marks."""
        words = pc.split_pattern(pa.array(texts, pa.large_binary()), pattern=b" ")
        coded = words.flatten().dictionary_encode()
        different = coded.dictionary.to_pylist()
        known = self._known
        if len(known.row) > _MOST:
            known = self._known = _Words()  # who is at work with the old ones keeps them
        row = np.fromiter((known.row.get(word, -1) for word in different), np.int64, len(different))
        new = np.flatnonzero(row < 0)
        missing = [different[i] for i in new.tolist()]
        found = self.tokens.encode(missing, out_type="numpy", num_threads=1)
        row[new] = -1 - np.arange(len(new))
        pieces, ends = _laid_out(
            words.offsets.to_numpy(),
            row[coded.indices.to_numpy()],
            (known.start, known.pieces),
            (_starts(found), np.concatenate([_NONE, *found])),
        )
        known.add(missing, found)
        return pieces, ends


_NONE: Pieces = np.empty(0, dtype=np.int32)


class _Words:
    """Words by number: word w is pieces[start[w]:start[w + 1]]. The arrays are never written to again."""

    def __init__(self) -> None:
        self.row: dict[bytes, int] = {}
        self.start: Ints = np.zeros(1, dtype=np.int64)
        self.pieces = _NONE
        self._lock = Lock()

    def add(self, words: list[bytes], found: list[Pieces]) -> None:
        """Keep the short ones among some words, unless another thread just did."""
        with self._lock:
            kept = [i for i, word in enumerate(words) if len(word) <= _LONGEST and word not in self.row]
            more = [found[i] for i in kept]
            self.start = np.concatenate([self.start, self.start[-1] + _starts(more)[1:]])
            self.pieces = np.concatenate([self.pieces, *more])
            first = len(self.row)
            self.row |= {words[i]: first + place for place, i in enumerate(kept)}  # last: now they are found


def _starts(found: Sequence[Pieces]) -> Ints:
    return np.concatenate([[0], np.cumsum([len(pieces) for pieces in found], dtype=np.int64)])


@njit(nogil=True, cache=True)
def _laid_out(first, row, known, new):  # type: ignore[no-untyped-def]
    """Return (pieces, ends) of texts of words first[i]:first[i + 1]; word -1 is the first new one."""
    ends = np.empty(first.size - 1, np.int64)
    total = 0
    for text in range(ends.size):
        for w in range(first[text], first[text + 1]):
            starts, r = (known[0], row[w]) if row[w] >= 0 else (new[0], -1 - row[w])
            total += starts[r + 1] - starts[r]
        ends[text] = total
    out, made = np.empty(total, np.int32), 0
    for r in row:
        (starts, pieces), r = (known, r) if r >= 0 else (new, -1 - r)
        for j in range(starts[r], starts[r + 1]):
            out[made] = pieces[j]
            made += 1
    return out, ends
