"""The kernel against its definition in plain Python, and at its sharp edges."""

from functools import cache
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_texts import HASHER, of, random_texts, spans

from fingerprint import canonical
from fingerprint.kernel import PAIR_TOKENS, TRIGRAM_TOKENS

BLANK = np.full(128, 0xFFFFFFFF, dtype=np.uint32)


@cache
def hash_of_word(word: str) -> int:
    [hashed] = HASHER.tokens(word)[0].tolist()
    return hashed


def assert_tokens_follow_the_definition(text: str) -> None:
    """The kernel's tokens hash like the canonical tokens do alone, and lie where they come from."""
    hashes, starts, ends = HASHER.tokens(text)
    expected = canonical.tokens(text)
    assert hashes.tolist() == [hash_of_word(token) for token in expected]
    raw = text.encode()
    if not any(len(canonical.fold_table().fold(char)) > 1 for char in text):
        for token, start, end in zip(expected, starts.tolist(), ends.tolist(), strict=True):
            assert canonical.tokens(raw[start:end].decode()) == [token]


@pytest.mark.parametrize("text", ["¼", "x⑴y", "aﷺ", "㏂"])
def test_the_extent_of_a_token_covers_the_character_it_comes_from(text):
    raw = text.encode()
    _, starts, ends = HASHER.tokens(text)
    for token, start, end in zip(canonical.tokens(text), starts.tolist(), ends.tolist(), strict=True):
        assert token in canonical.tokens(raw[start:end].decode())


def test_tokens_follow_the_definition_in_every_script():
    texts = random_texts(400)
    for text in texts:
        assert_tokens_follow_the_definition(text)
    assert of(*texts).tokens.tolist() == [len(canonical.tokens(text)) for text in texts]


@given(st.text())
def test_tokens_follow_the_definition(text):
    assert_tokens_follow_the_definition(text)


def test_every_character_is_tokenised_as_defined():
    """Each between two letters, all planes, in one batch."""
    texts = [f"a{chr(code)}b" for code in range(0x110000) if not 0xD800 <= code < 0xE000][::17]
    counts = HASHER.fingerprint(pa.array(texts)).tokens.tolist()
    assert counts == [len(canonical.tokens(text)) for text in texts]


@settings(max_examples=30)
@given(st.text(), st.text())
def test_canonical_hashes_are_equal_where_canonical_forms_are(left, right):
    prints = of(left, right, left.upper(), canonical.canonical(left))
    same = canonical.canonical(left) == canonical.canonical(right)
    if canonical.tokens(left) or canonical.tokens(right):
        assert (prints.canonical[0] == prints.canonical[1]) == same
    if canonical.tokens(left):
        assert prints.canonical[0] == prints.canonical[3]


def test_hashes_tell_long_texts_apart_by_one_byte():
    texts = ["x" * place + "y" + "x" * (40 - place) for place in range(41)] + ["x" * 40, "x" * 41, "x" * 42]
    prints = of(*texts)
    assert len(set(prints.canonical.tolist())) == len(texts)


# Sharp edges


NOTHING = ["", " ", "\n\t \u3000", "\u200b", "\u200b\u2060\ufeff\u00ad" * 40, "\U000e0041", "\u0301", "\x00"]


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
def test_a_text_that_shows_nothing_is_not_visible(text):
    prints = of(text, "word")
    assert prints.visible.tolist() == [False, True]
    np.testing.assert_array_equal(prints.signatures[0], BLANK)
    assert (prints.tokens[0], prints.hidden[0], spans(prints)) == (0, 0, [])
    assert HASHER.shingles(text).tolist() == []


@pytest.mark.parametrize("text", [*"a?。👍模\u0e33İ\U00030000\U000f0000", "!!!"], ids=ascii)
def test_one_visible_character_is_enough(text):
    prints = of(text)
    assert prints.visible.all()
    assert len(HASHER.shingles(text)) == 1
    assert spans(prints) == []


def test_punctuation_counts_only_where_there_is_nothing_else():
    plain, shouted, marks, other = of("hello", "hello!", "???", "!!!").signatures
    np.testing.assert_array_equal(plain, shouted)
    assert (marks != other).mean() > 0.9


# Up to how many tokens, and what is then hashed: (tokens, distinct shingles).
@pytest.mark.parametrize(
    ("count", "shingles"),
    [
        (2, 3 + 1),  # of four characters each, and the whole
        (3, 6 + 1),
        (4, 9 + 1),
        *((count, count - 1) for count in (PAIR_TOKENS, PAIR_TOKENS + 1, TRIGRAM_TOKENS - 1)),
        *((count, count - 2) for count in (TRIGRAM_TOKENS, TRIGRAM_TOKENS + 1, 500)),
    ],
)
def test_how_many_shingles_a_text_has(count, shingles):
    text = " ".join(f"{place:03d}" for place in range(count)) if count > 4 else "abc def ghi jkl"[: 4 * count]
    assert of(text).tokens.tolist() == [count]
    assert len(HASHER.shingles(text)) == shingles


@pytest.mark.parametrize("edge", [PAIR_TOKENS, TRIGRAM_TOKENS])
def test_modes_of_shingling_never_collide(edge):
    words = [f"w{place}" for place in range(edge)]
    below, above = (set(HASHER.shingles(" ".join(words[:count])).tolist()) for count in (edge - 1, edge))
    assert below
    assert above
    assert below.isdisjoint(above)


def word_shingles(text: str) -> set[tuple[str, ...]]:
    words = canonical.tokens(text)
    size = 3 if len(words) >= TRIGRAM_TOKENS else 2
    return {tuple(words[place : place + size]) for place in range(len(words) - size + 1)}


_WORDS = st.sampled_from(["the", "answer", "模", "型", "grade", "ответ", "7", "ß"])
_ONE_MODE = st.sampled_from([(PAIR_TOKENS, TRIGRAM_TOKENS - 1), (TRIGRAM_TOKENS, 60)])


@given(st.data())
def test_shingles_meet_as_word_runs_do(data):
    """Hashed intersections and unions have the sizes that sets of word tuples have."""
    low, high = data.draw(_ONE_MODE)
    left, right = (" ".join(data.draw(st.lists(_WORDS, min_size=low, max_size=high))) for _ in range(2))
    ours, theirs = HASHER.shingles(left), HASHER.shingles(right)
    assert np.intersect1d(ours, theirs).size == len(word_shingles(left) & word_shingles(right))
    assert np.union1d(ours, theirs).size == len(word_shingles(left) | word_shingles(right))
    assert (np.diff(ours.astype(np.int64)) > 0).all()


def test_a_token_of_a_megabyte():
    letters = "".join(Random(1).choices("abcdefghijklmnop", k=1 << 20))
    prints = of(letters, "before " + letters, letters[:-1] + "z")
    assert prints.tokens.tolist() == [1, 2, 1]
    np.testing.assert_array_equal(prints.signatures[0], HASHER.sign(HASHER.shingles(letters)))
    assert len(HASHER.shingles(letters)) == pytest.approx(16**4, abs=2)
    assert len(set(prints.canonical.tolist())) == 3


def test_hidden_characters_count_after_latin_letters():
    """Between Hindi letters, or in an emoji, they belong to the text."""
    latin = ["pro\u200bm\u00ad\u2060pt", "pr\u200bé\u200bß\u200b"]
    others = ["न\u200dम", "👩\u200d🔬", "\u200ba", "a \u200bb", "模\u200b", "a模\u200b"]
    assert of(*latin, *others).hidden.tolist() == [3, 3, 0, 0, 0, 0, 0, 0]


def test_look_alikes_count_inside_latin_words():
    """In words of their own alphabet they are letters like others."""
    mixed = ["p\u0430yp\u0430l", "pr\u03bfmpt", "gr\u0430d\u0435 the \u0430nswer"]
    pure = [
        "\u043f\u0440\u043e\u0441\u043f\u0435\u043a\u0442",
        "\u03b1\u03c1\u03bf\u03c2",
        "\u0441 paypal",
        "\u03b1-helix",
    ]
    assert of(*mixed, *pure).hidden.tolist() == [2, 1, 2, 0, 0, 0, 0]
