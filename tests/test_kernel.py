"""The kernel against its definition in plain Python, at its sharp edges, and a row apart from its batch."""

from functools import cache
from itertools import pairwise
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint import canonical
from fingerprint.kernel import (
    LONG_SPAN_WINDOW,
    LONG_TOKENS,
    PAIR_TOKENS,
    SPAN_WINDOW,
    SPAN_WORDS,
    TRIGRAM_TOKENS,
)
from fingerprint.minhash import Fingerprints, MinHasher

HASHER = MinHasher(b"kernel test key".ljust(32, b"."))
BLANK = np.full(128, 0xFFFFFFFF, dtype=np.uint32)
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


# Spans


def test_a_text_of_too_few_words_has_no_span():
    words = [f"w{place}" for place in range(40)]
    counts = np.diff(of(*(" ".join(words[:count]) for count in range(40))).span_offsets)
    assert (counts > 0).tolist() == [count >= SPAN_WORDS for count in range(40)]


def test_two_characters_without_spaces_weigh_as_a_word():
    counts = np.diff(of(*("模" * count for count in range(40))).span_offsets)
    assert (counts > 0).tolist() == [count >= 2 * SPAN_WORDS for count in range(40)]


_FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "模", "型", "!", "d\u200be"]), max_size=25).map(
    " ".join
)
_PADDING = " ".join(f"p{i}" for i in range(LONG_TOKENS))


def runs(window: int) -> st.SearchStrategy[str]:
    """The shortest runs of words that winnowing with a window cannot miss."""
    size = SPAN_WORDS + window - 1
    word = st.sampled_from(["a", "b", "Grade", "answer", "x1"])
    return st.lists(word, min_size=size, max_size=size).map(" ".join)


@settings(max_examples=60)
@given(runs(SPAN_WINDOW), st.tuples(_FEW_WORDS, _FEW_WORDS), st.tuples(_FEW_WORDS, _FEW_WORDS))
def test_texts_that_share_a_long_enough_run_of_words_share_a_span(run, around, about):
    """Winnowing's guarantee (Schleimer et al. 2003, section 3), whatever surrounds the run."""
    prints = of(f"{around[0]} {run} {around[1]}", f"{about[0]}\n{run.upper()}, {about[1]}")
    left, right = ({value for _, value in spans(prints, row)} for row in range(2))
    assert left & right


@settings(max_examples=60)
@given(runs(LONG_SPAN_WINDOW), st.sampled_from(["", _PADDING]), _FEW_WORDS, _FEW_WORDS)
def test_long_texts_share_a_span_of_a_longer_run_with_long_and_short_ones(run, padding, before, after):
    prints = of(f"{_PADDING} {before} {run} {after}", f"{after}\n{run}, {before} {padding.upper()}")
    left, right = ({value for _, value in spans(prints, row)} for row in range(2))
    assert left & right


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=40, max_size=120).map(" ".join))
def test_a_long_texts_sample_of_a_phrase_nests_in_a_short_ones(phrase):
    """The spans of the phrase away from its edges, where a window reaches into other words."""
    long, short = (dict(spans(of(text))) for text in (f"{_PADDING} {phrase} {_PADDING}", phrase))
    inner = range(LONG_SPAN_WINDOW, len(phrase.split()) - SPAN_WORDS - LONG_SPAN_WINDOW)
    sampled = {place: long[place + LONG_TOKENS] for place in inner if place + LONG_TOKENS in long}
    assert sampled
    assert sampled.items() <= short.items()


def test_texts_without_a_run_in_common_share_no_span():
    prints = of(" ".join(f"a{i}" for i in range(300)), " ".join(f"b{i}" for i in range(300)))
    assert not {value for _, value in spans(prints, 0)} & {value for _, value in spans(prints, 1)}


@settings(max_examples=30)
@given(st.lists(_FEW_WORDS, min_size=1, max_size=4))
def test_span_places_ascend_and_leave_no_gap(texts):
    """Of every window of spans one is kept, so places are at most a window apart."""
    prints = of(*texts)
    for row, text in enumerate(texts):
        places = [place for place, _ in spans(prints, row)]
        assert places == sorted(set(places))
        assert all(later - earlier <= SPAN_WINDOW for earlier, later in pairwise(places))
        assert all(place < len(canonical.tokens(text)) for place in places)


def test_a_span_depends_on_its_words_alone():
    """Of one span none is passed over; other words, and another order, have another hash."""
    [[(_, lone)], [(_, shouted)], *others] = (
        spans(of(text))
        for text in (
            "one two three four five six",
            "ONE, two! three\u200b four FIVE six?",
            "one two three four five seven",
            "zero two three four five six",
            "two one three four five six",
        )
    )
    assert lone == shouted
    assert lone not in {value for found in others for _, value in found}


def test_most_spans_are_passed_over():
    """A window keeps about 2 / (window + 1)."""
    for count, window in ((LONG_TOKENS, SPAN_WINDOW), (LONG_TOKENS + 1, LONG_SPAN_WINDOW)):
        texts = [" ".join(f"w{row}x{i}" for i in range(count)) for row in range(40)]
        kept = len(of(*texts).span_hashes)
        assert kept / (40 * (count - SPAN_WORDS + 1)) == pytest.approx(2 / (window + 1), abs=0.02)


# What lies around a row does not matter


_TEXTS = st.text(max_size=20) | _FEW_WORDS
_KINDS = st.sampled_from([pa.string(), pa.large_string(), pa.string_view()])


@settings(max_examples=25)
@given(st.lists(_TEXTS, max_size=6), st.integers(0, 6), st.integers(0, 6), _KINDS)
def test_a_slice_has_the_rows_of_its_texts(texts, first, count, kind):
    whole = pa.array(texts, pa.string()).cast(kind)
    assert_same_rows(HASHER.fingerprint(whole.slice(first, count)), of(*texts[first : first + count]))


@settings(max_examples=25)
@given(st.lists(st.lists(st.none() | _TEXTS, max_size=4), min_size=1, max_size=3))
def test_a_concatenation_has_the_rows_of_its_parts(parts):
    arrays = [pa.array(part, pa.string()) for part in parts]
    together = HASHER.fingerprint(pa.concat_arrays(arrays))
    apart = [HASHER.fingerprint(each) for each in arrays]
    for name in (*ROW_FIELDS, "span_hashes", "span_places"):
        np.testing.assert_array_equal(
            getattr(together, name), np.concatenate([getattr(each, name) for each in apart])
        )


def test_a_row_in_a_large_batch_is_the_row_alone():
    texts = random_texts(300, seed=9)
    together = of(*texts)
    for row in range(0, 300, 7):
        alone = of(texts[row])
        assert spans(together, row) == spans(alone)
        for name in ROW_FIELDS:
            np.testing.assert_array_equal(getattr(together, name)[row], getattr(alone, name)[0])


def test_a_row_of_expanding_characters_is_the_row_alone():
    """㌖ is 3 bytes and 6 tokens, so its spans outnumber the room that bytes / 2 gives."""
    text = "㌖" * 50
    assert spans(of(*["word " * 400] * 200, text), 200) == spans(of(text))


@settings(max_examples=25)
@given(st.lists(st.none() | _TEXTS, max_size=5))
def test_null_is_empty(texts):
    assert_same_rows(of(*texts), of(*[text or "" for text in texts]))


def test_no_rows():
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        prints = HASHER.fingerprint(pa.array([], kind))
        assert (len(prints), prints.signatures.shape, prints.span_offsets.tolist()) == (0, (0, 128), [0])
