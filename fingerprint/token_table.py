"""The tokens of the packaged sentence encoder, tabulated once.

In `sentence_model` a token's share of a prompt's sum depends on its neighbours. Among neighbours as
they usually are it depends on the token alone: a table of 128,010 rows, made once and kept in the
user's cache as 8-bit numbers with a scale a row. A prompt is then a sum of rows, and no library is
needed to make it but numpy and a tokeniser.

A share is the mean over a panel of neighbourhoods, the same for all tokens, drawn by the
tokeniser's own frequencies. Tokens seen alone, as if each were a whole text, have other shares;
`docs/measurements.md` tells how much worse those serve.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fingerprint.sentence_model import (
    BRANCHES,
    CHANNELS,
    ROWS,
    WEIGHTS_SHA256,
    WIDTH,
    Floats,
    Words,
    arrays_of,
    layer_norm,
    positive,
)

Doubles = NDArray[np.float64]

SCHEME = "panel-of-8-neighbourhoods-1"
"""How the table is made; another way gets another name."""

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


def token_table(weights: bytes, frequency: Callable[[], Doubles]) -> TokenTable:
    """Return the table, from the cache if it lies there whole; made and kept there otherwise.

    frequency: how often each token of the tokeniser occurs, as (tokens,) that sum to 1.
    """
    path = kept_at()
    with contextlib.suppress(OSError, ValueError):
        return _load(path)
    table = _build(weights, frequency())
    with contextlib.suppress(OSError):  # no place to keep it: made again in the next process
        _keep(path, table)
    return table


def kept_at() -> Path:
    """Return where the table is kept, whether or not it is there."""
    return _cache() / f"tokens-{WEIGHTS_SHA256[:16]}-{SCHEME}.bin"


def _build(weights: bytes, frequency: Doubles) -> TokenTable:
    arrays = arrays_of(weights)
    embeddings = Words.of(arrays)
    drawn = np.random.default_rng(_SEED).choice(len(frequency), _PANEL * (2 * _REACH + 1), p=frequency)
    branches = [_Branch.of(arrays, size, place, embeddings(drawn)) for size, place in BRANCHES]
    codes, scale = np.empty((ROWS, WIDTH), dtype=np.int8), np.empty(ROWS, dtype=np.float32)
    for first in range(0, ROWS, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, ROWS))
        shares = _shares(embeddings(np.arange(some.start, some.stop)), branches, arrays)
        scale[some] = np.abs(shares).max(axis=1) / 127
        codes[some] = np.rint(shares / scale[some, None])
    return TokenTable(codes, scale)


def _shares(words: Floats, branches: list[_Branch], arrays: dict[str, Any]) -> Floats:
    """Return the (n, WIDTH) mean shares of tokens, from their (n, WIDTH) embeddings."""
    norm = arrays["ln_g"], arrays["ln_b"], float(arrays["eps"])
    seen = [branch.seen(words) for branch in branches]
    total = np.zeros((len(words), WIDTH + len(branches) * CHANNELS), dtype=np.float32)
    for _ in range(_PANEL):
        total += layer_norm(np.concatenate([words, *(next(made) for made in seen)], axis=1), *norm)
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
            # Each branch by itself: the whole model normalises them together, which serves worse here.
            return layer_norm(words @ arrays[f"proj{size}"] + arrays[f"proj_b{size}"], *norm)

        first, second = (arrays[f"{name}_{size}"].reshape(size, CHANNELS, CHANNELS) for name in ("w1", "w2"))
        around = narrow(neighbours).reshape(_PANEL, 2 * _REACH + 1, CHANNELS)
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
                once = positive(share.get(slot, np.float32(0)) + np.tile(before[slot], (len(words), 1)))
                once += mine if slot == self.place else around[_REACH + slot - self.place]
                out += once @ self.second[slot]
                if slot == self.place:
                    short = once
            yield short + positive(out)


def _cache() -> Path:
    """Return the user's cache folder, whether or not it exists."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base, "promptprint")


def _load(path: Path) -> TokenTable:
    """Map a kept table: its SHA-256, the codes, the scales. Raises OSError or ValueError."""
    if path.stat().st_uid != os.geteuid():
        raise ValueError(f"{path} belongs to somebody else")
    raw = np.memmap(path, np.uint8, "r")
    if raw.size != _DIGEST + ROWS * (WIDTH + 4):
        raise ValueError(f"{path} has another size")
    if hashlib.sha256(raw[_DIGEST:].data).digest() != raw[:_DIGEST].tobytes():
        raise ValueError(f"{path} is damaged")
    codes, scale = np.split(raw[_DIGEST:], [ROWS * WIDTH])
    return TokenTable(codes.view(np.int8).reshape(ROWS, WIDTH), scale.view(np.float32))


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
