"""Texts for the kernel's tests, and what it makes of them."""

from random import Random

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from fingerprint.minhash import Fingerprints, MinHasher

HASHER = MinHasher(b"kernel test key".ljust(32, b"."))
ROW_FIELDS = ("signatures", "canonical", "tokens", "hidden")

SCRIPTS = (
    "abcdefghijklmnopqrstuvwxyz",
    "ABCÉÑßœﬁÅéíöž",
    "абвгдежзийклмнопрстуфх",
    "αβγδεζηθλμνξοπρσςτυφχψω",
    "一丁七万丈三上下不与世界模型回答",
    "あいうえおカキクケコｱｲｳ",
    "กขฃคฅฆงจฉชซ",
    "कखगघङचछजझञािीु",
    "가각갂갃간갅갆갇갈",
    "ابتثجحخدذرزسشص",
    "0123456789_",
    "👍🏽🎉∑√½Ⅷ㌖ﷺ",
)
PUNCTUATION = " ".join(" .,;:!?-—\n\t\u200b\u00ad\u3000")


def random_texts(count: int, seed: int = 5) -> list[str]:
    """Texts of 0 to 60 words, most of one script, some of several."""
    rng = Random(seed)
    found = []
    for _ in range(count):
        scripts = rng.choices(SCRIPTS, k=rng.choice([1, 1, 2, 5]))
        text = ""
        for _ in range(rng.randint(0, 60)):
            text += "".join(rng.choices(rng.choice(scripts), k=rng.randint(1, 8)))
            text += rng.choice(["", " ", " ", " ", rng.choice(PUNCTUATION)])
        found.append(text)
    return found


def of(*texts: str | None) -> Fingerprints:
    return HASHER.fingerprint(pa.array(texts, pa.string()))


def spans(prints: Fingerprints, row: int = 0) -> list[tuple[int, int]]:
    """The (place, hash) of one row's spans."""
    mine = slice(prints.span_offsets[row], prints.span_offsets[row + 1])
    return list(zip(prints.span_places[mine].tolist(), prints.span_hashes[mine].tolist(), strict=True))


def assert_same_rows(left: Fingerprints, right: Fingerprints) -> None:
    for name in (*ROW_FIELDS, "span_hashes", "span_places", "span_offsets"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)


FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "模", "型", "!", "d\u200be"]), max_size=25).map(" ".join)
