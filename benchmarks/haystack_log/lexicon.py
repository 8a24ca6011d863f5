"""Words of eight languages as bytes, drawn by frequency with one look into a table.

The invented words and the function words are those of the random worlds. Content words follow
Zipf's law in Mandelbrot's form, p ~ 1 / (rank + 50): two thirds of a text are content words, so
two unrelated texts hardly ever share six words in a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from worlds.salad import TONGUES, UNSPACED, tongue

NAMES = tuple(TONGUES)
SHARES = np.array(list(TONGUES.values())) / sum(TONGUES.values())

WIDTH = 16
"""Bytes that a word may take; it is copied in one move, whatever its length."""
_URN = 1 << 16
_FUNCTION_WORDS = 22  # every language of the worlds begins with as many
_FLAT = 50.0


class Lexicon(NamedTuple):
    """word: (n, WIDTH) uint8. length: (n,) uint8. urn: (languages, 2, 65536) uint32, word numbers
    of content and of function words, each as often as it is drawn. spaced: (languages,) bool.
    """

    word: NDArray[np.uint8]
    length: NDArray[np.uint8]
    urn: NDArray[np.uint32]
    spaced: NDArray[np.bool_]


def lexicon() -> Lexicon:
    """Return the words of all languages."""
    words: list[bytes] = []
    urns = np.empty((len(NAMES), 2, _URN), dtype=np.uint32)
    for number, name in enumerate(NAMES):
        spelt = [word.encode() for word in tongue(name).words]
        # What is said often is short (Zipf 1935, "The psycho-biology of language").
        content = sorted((word for word in spelt[_FUNCTION_WORDS:] if len(word) <= WIDTH), key=len)
        function = spelt[:_FUNCTION_WORDS]
        for side, (chosen, flat) in enumerate(((content, _FLAT), (function, 3.0))):
            urns[number, side] = _ranks(len(chosen), flat) + len(words)
            words += chosen
    padded = np.frombuffer(b"".join(word.ljust(WIDTH) for word in words), dtype=np.uint8)
    return Lexicon(
        padded.reshape(-1, WIDTH),
        np.array([len(word) for word in words], dtype=np.uint8),
        urns,
        np.array([name not in UNSPACED for name in NAMES]),
    )


def _ranks(size: int, flat: float) -> NDArray[np.uint32]:
    """Return 65,536 ranks, each as often as p ~ 1 / (rank + flat) says."""
    share = np.cumsum(1 / (np.arange(size) + flat))
    return np.searchsorted(share / share[-1], (np.arange(_URN) + 0.5) / _URN).astype(np.uint32)
