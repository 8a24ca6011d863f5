"""The whole multilingual sentence encoder, without torch: some hundreds of prompts a second.

The bulk encoder's model with its convolutions, so that a word is read beside its neighbours. Of
sentences that mean the same in two languages it finds what the bulk encoder takes for a near miss;
`docs/measurements.md` says how often. It is for what others have found already, and for questions.

Texts are laid end to end with a gap of zeros between them, wide enough that no convolution sees
from one into the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.embedding import WHOLE_MODEL, require_several
from fingerprint.sentence_model import (
    BRANCHES,
    REACH,
    TOKENS_SHA256,
    WEIGHTS_SHA256,
    WIDTH,
    Floats,
    Head,
    Words,
    arrays_of,
    head,
    layer_norm,
    narrow,
    packaged,
    positive,
    window,
)
from fingerprint.threads import on_all_cores

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

_GAP = 2  # the reach of the widest convolution
_TOKENS_AT_ONCE = 512  # what a core's cache holds beside the weights


@dataclass(frozen=True)
class WholeEncoder:
    """The loaded model. Several threads may encode at once."""

    tokens: SentencePieceProcessor
    words: Words
    arrays: dict[str, Any]
    head: Head
    name: str = WHOLE_MODEL
    dimensions: int = WIDTH

    @cached_property
    def sha256(self) -> str:
        """A hash of the weights, the tokeniser and what is read of a long prompt."""
        return hashlib.sha256(f"{WEIGHTS_SHA256} {TOKENS_SHA256} whole {REACH}".encode()).hexdigest()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, 512) float32 unit vectors, on all cores.

        An empty text has a vector too, close to every other empty text: leave those out.
        """
        require_several(texts)
        if not texts:
            return np.empty((0, WIDTH), dtype=np.float32)
        pieces = self.tokens.encode(
            [window(text) for text in texts], out_type="numpy", add_bos=True, add_eos=True
        )
        filled = np.cumsum([len(piece) for piece in pieces]) // _TOKENS_AT_ONCE
        cuts = [0, *(np.flatnonzero(np.diff(filled)) + 1).tolist(), len(pieces)]
        parts = [pieces[first:last] for first, last in pairwise(cuts)]
        return np.concatenate(on_all_cores(self._encode, parts))

    def _encode(self, pieces: Sequence[NDArray[np.int32]]) -> Floats:
        """Return the vectors of texts given as tokens."""
        counts = np.array([len(piece) for piece in pieces])
        first = np.cumsum(counts + _GAP) - counts
        inside = np.zeros(int(first[-1] + counts[-1] + _GAP), dtype=np.bool_)
        inside[np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)] = True
        embedded = self.words(np.concatenate(pieces))
        arrays, narrowed = self.arrays, narrow(embedded, self.arrays)
        branches = zip(narrowed, BRANCHES, strict=True)
        features = np.concatenate(
            [embedded, *(self._branch(rows, inside, *branch) for rows, branch in branches)], axis=1
        )
        read = layer_norm(features, arrays["ln_g"], arrays["ln_b"], float(arrays["eps"]))
        sums = np.add.reduceat(read, np.cumsum(counts) - counts, axis=0) @ arrays["cnn_W"]
        root = np.sqrt(counts, dtype=np.float32)[:, None]
        return self.head(sums / root + root * arrays["cnn_b"])

    def _branch(self, rows: Floats, inside: NDArray[np.bool_], size: int, place: int) -> Floats:
        """Return what two convolutions with short cuts make of (n, CHANNELS) rows."""
        at = np.flatnonzero(inside)[:, None] + np.arange(size) - place
        for layer in (1, 2):
            spread = np.zeros((len(inside), rows.shape[1]), dtype=np.float32)
            spread[inside] = rows
            seen = spread[at].reshape(len(rows), -1)
            weights, bias = self.arrays[f"w{layer}_{size}"], self.arrays[f"b{layer}_{size}"]
            rows = rows + positive(seen @ weights + bias)
        return rows


def load_whole_encoder() -> WholeEncoder:
    """Load the encoder. Raises EncoderError."""
    from sentencepiece import SentencePieceProcessor

    weights, model = packaged()
    arrays = arrays_of(weights)
    words = Words.of(arrays)
    small = {name: array for name, array in arrays.items() if not name.startswith("q")}
    return WholeEncoder(SentencePieceProcessor(model_proto=model), words, small, head(weights))
