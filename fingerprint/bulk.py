"""The bulk encoder: a vector for every prompt of a log, in sixteen languages, without torch.

A prompt's vector is the sum of its tokens' rows in the `token_table`, over the root of their
number, through the model's dense layers. Word order is lost; what is left is what the prompt is
about, in whichever language, at tens of thousands of prompts a second.
(Weighting rare tokens up, after Arora et al. 2017, "A Simple but Tough-to-Beat Baseline for
Sentence Embeddings", was tried and lowers recall here: these rows have weights in them already.)

A long prompt is its head and its tail: what is asked stands at one end of a pasted document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fingerprint.embedding import BULK_AT_ONCE, BULK_MODEL, require_several
from fingerprint.sentence_model import (
    REACH,
    TOKENS_SHA256,
    WEIGHTS_SHA256,
    WIDTH,
    Head,
    head,
    packaged,
    window,
)
from fingerprint.threads import on_all_cores
from fingerprint.token_table import SCHEME, TokenTable, token_table
from fingerprint.word_pieces import WordPieces


@dataclass(frozen=True)
class BulkEncoder:
    """The loaded table, dense layers and tokeniser. Several threads may encode at once."""

    words: WordPieces
    table: TokenTable
    head: Head
    name: str = BULK_MODEL
    dimensions: int = WIDTH

    @cached_property
    def sha256(self) -> str:
        """A hash of the weights, the tokeniser and how vectors are made of them."""
        return hashlib.sha256(f"{WEIGHTS_SHA256} {TOKENS_SHA256} {SCHEME} {REACH} words".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, 512) float32 unit vectors, on all cores.

        An empty text has a vector too, close to every other empty text: leave those out.
        """
        require_several(texts)
        if len(texts) == 1:  # a query: spare it the threads
            return self._encode(texts)
        out = np.empty((len(texts), WIDTH), dtype=np.float32)
        firsts = range(0, len(texts), BULK_AT_ONCE)

        def fill(first: int) -> None:
            some = slice(first, first + BULK_AT_ONCE)
            out[some] = self._encode(texts[some])

        on_all_cores(fill, firsts)
        return out

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        pieces, ends = self.words([window(text) for text in texts])
        marks = np.array([self.words.tokens.bos_id(), self.words.tokens.eos_id()])
        return self.head(_sums(pieces, ends, marks, self.table.codes, self.table.scale))


def load_bulk_encoder() -> BulkEncoder:
    """Load the encoder; its table is made once, in about a minute of processor time. Raises EncoderError."""
    from sentencepiece import SentencePieceProcessor

    weights, model = packaged()
    tokens = SentencePieceProcessor(model_proto=model)

    def frequency() -> NDArray[np.float64]:
        """A unigram tokeniser's scores are logarithms; its marks of beginning and end have none."""
        scores = np.array([tokens.get_score(piece) for piece in range(tokens.get_piece_size())])
        occurs = np.where(scores < 0, np.exp(scores), 0)
        return np.asarray(occurs / occurs.sum())

    return BulkEncoder(WordPieces(tokens), token_table(weights, frequency), head(weights))


@njit(nogil=True, cache=True, fastmath=True)
def _sums(pieces, ends, marks, codes, scale):  # type: ignore[no-untyped-def]
    """Return the (n, WIDTH) sums of each text's rows and those of the marks, over the root of their number.

    pieces: (m,) int32 tokens of all texts; those of text i end at ends[i].
    """
    out = np.zeros((ends.size, codes.shape[1]), dtype=np.float32)
    first = 0
    for i in range(ends.size):
        root = np.sqrt(np.float32(ends[i] - first + marks.size))
        for piece in marks:
            _add(out[i], codes[piece], scale[piece] / root)
        for j in range(first, ends[i]):
            _add(out[i], codes[pieces[j]], scale[pieces[j]] / root)
        first = ends[i]
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _add(out, row, weight):  # type: ignore[no-untyped-def]
    for k in range(row.size):
        out[k] += np.float32(row[k]) * weight
