"""The canonical form: what two spellings of one text share.

Every code point folds on its own, so that one table and one pass do it:
NFKD and casefold (Unicode TR15, TR21); look-alike letters to the Latin letter they imitate
(TR39); accents dropped; zero-width, soft-hyphen, bidi, tag and control characters dropped and
counted.
Runs of word characters are tokens; in scripts written without spaces (Han, Kana, Thai, Lao,
Khmer, Burmese, Tibetan) each character is a token.

Decomposing and dropping accents, instead of composing them, is a deliberate departure from NFKC:
it makes the composed and the decomposed spelling equal without looking at neighbours, and stacks
of combining marks ("zalgo") fold away.

This module is the definition, in plain Python; `kernel.py` is the same thing over whole Arrow
batches, and the tests hold the two equal.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TABLE_PATH = Path(__file__).with_name("fold.npz")
# Planes 0 to 2; beyond them lie only Han extensions (tokens), tag characters and private use.
TABLE_SIZE = 0x30000

_UNSEGMENTED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # Han radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3031, 0x30FF),  # Kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x1B000, 0x1B16F),
    (0x20000, 0x2FFFF),
)
_HIDDEN = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0} | set(range(0x180B, 0x1810)))
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
# Accents of Latin, Greek and Cyrillic, the optional vowel points of Hebrew and Arabic, and the
# voicing marks of Kana.
_ACCENTS = frozenset(
    code
    for first, last in (
        (0x0300, 0x036F),
        (0x0483, 0x0489),
        (0x0591, 0x05C7),
        (0x064B, 0x0655),
        (0x0670, 0x0670),
        (0x1AB0, 0x1AFF),
        (0x1DC0, 0x1DFF),
        (0x20D0, 0x20FF),
        (0x3099, 0x309A),
        (0xFE20, 0xFE2F),
    )
    for code in range(first, last + 1)
)


class CharClass(IntEnum):
    """What a code point is to the tokeniser. The numbers are stored in the fold table."""

    SPACE = 0  # ends a token, leaves nothing
    WORD = 1  # continues a token
    CHARACTER = 2  # is a token by itself
    DROP = 3  # not there at all
    HIDDEN = 4  # not there, and counted: nobody types these between Latin letters
    MARK = 5  # punctuation and symbols: end a token, count only in a text without any token
    EXPAND = 6  # folds to several code points


def fold_rules(char: str, look_alikes: Mapping[str, str]) -> tuple[CharClass, str]:
    """Return the class and the folded text of one character; the source of the fold table."""
    if _is_hidden(char):
        return CharClass.HIDDEN, ""
    if ord(char) in _VARIATION_SELECTORS or ord(char) in _ACCENTS:
        return CharClass.DROP, ""
    # Decomposed on both sides of casefold, as casefold composes (TR15, section 5.1).
    folded = _decomposed(_decomposed(char).casefold())
    folded = "".join(look_alikes.get(c, c) for c in folded if not _is_hidden(c))
    if not folded:
        return CharClass.DROP, ""
    if len(folded) > 1:
        return CharClass.EXPAND, folded
    return _class_of(folded), folded


def _decomposed(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if ord(c) not in _ACCENTS)


def _is_hidden(char: str) -> bool:
    """Format and control characters, and letters that print nothing; white space is none of them."""
    category = unicodedata.category(char)
    return ord(char) in _HIDDEN or category == "Cf" or (category == "Cc" and not char.isspace())


def _class_of(char: str) -> CharClass:
    category = unicodedata.category(char)
    if category[0] in "LMN" or char == "_":
        code = ord(char)
        unsegmented = any(low <= code <= high for low, high in _UNSEGMENTED)
        return CharClass.CHARACTER if unsegmented else CharClass.WORD
    if category[0] in "PS":
        return CharClass.MARK
    return CharClass.SPACE


@dataclass(frozen=True)
class FoldTable:
    """The fold table: `table[code]` is class << 24 | folded code point, or an offset into
    `expansions`, where a length and that many entries of the same form stand.
    """

    table: NDArray[np.uint32]
    expansions: NDArray[np.uint32]
    digest: str

    def fold(self, char: str) -> list[tuple[CharClass, int]]:
        """Return the (class, code point) pairs that one character folds to."""
        code = ord(char)
        if code >= TABLE_SIZE:
            return [beyond_table(code)]
        entry = int(self.table[code])
        kind, value = CharClass(entry >> 24), entry & 0xFFFFFF
        if kind is not CharClass.EXPAND:
            return [(kind, value)]
        parts = self.expansions[value + 1 : value + 1 + int(self.expansions[value])]
        return [(CharClass(int(part) >> 24), int(part) & 0xFFFFFF) for part in parts]


def beyond_table(code: int) -> tuple[CharClass, int]:
    """Return the class of a code point past the table's end."""
    if 0xE0000 <= code < 0xE1000:
        return CharClass.HIDDEN, 0
    return (CharClass.CHARACTER if code < 0x40000 else CharClass.WORD), code


@cache
def fold_table() -> FoldTable:
    """Load the committed table; its SHA-256 is part of an index's settings."""
    with np.load(TABLE_PATH, allow_pickle=False) as stored:
        table = stored["difference"] ^ np.arange(TABLE_SIZE, dtype=np.uint32)
        expansions = stored["expansions"]
    digest = hashlib.sha256(table.tobytes() + expansions.tobytes()).hexdigest()
    return FoldTable(table, expansions, digest)


def tokens(text: str) -> list[str]:
    """Return the canonical tokens of a text, in order: the definition that the kernel follows.

    >>> tokens("Ｇrade  the\\u200b ANSWER: 模型")
    ['grade', 'the', 'answer', '模', '型']
    """
    found: list[str] = []
    word = ""
    for char in text:
        for kind, code in fold_table().fold(char):
            if kind is CharClass.WORD:
                word += chr(code)
            elif kind not in (CharClass.DROP, CharClass.HIDDEN):
                found += [word] if word else []
                word = ""
                found += [chr(code)] if kind is CharClass.CHARACTER else []
    return [*found, word] if word else found


def canonical(text: str) -> str:
    """Return the canonical form as one string, tokens joined by single spaces."""
    return " ".join(tokens(text))
