"""Sampled runs of words: where texts share a long enough run, they share a span."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_texts import FEW_WORDS, of, spans

from fingerprint import canonical
from fingerprint.kernel import LONG_SPAN_WINDOW, LONG_TOKENS, SPAN_WINDOW, SPAN_WORDS


def test_a_text_of_too_few_words_has_no_span():
    words = [f"w{place}" for place in range(40)]
    counts = np.diff(of(*(" ".join(words[:count]) for count in range(40))).span_offsets)
    assert (counts > 0).tolist() == [count >= SPAN_WORDS for count in range(40)]


def test_two_characters_without_spaces_weigh_as_a_word():
    counts = np.diff(of(*("模" * count for count in range(40))).span_offsets)
    assert (counts > 0).tolist() == [count >= 2 * SPAN_WORDS for count in range(40)]


_PADDING = " ".join(f"p{i}" for i in range(LONG_TOKENS))


def runs(window: int) -> st.SearchStrategy[str]:
    """The shortest runs of words that winnowing with a window cannot miss."""
    size = SPAN_WORDS + window - 1
    word = st.sampled_from(["a", "b", "Grade", "answer", "x1"])
    return st.lists(word, min_size=size, max_size=size).map(" ".join)


@settings(max_examples=60)
@given(runs(SPAN_WINDOW), st.tuples(FEW_WORDS, FEW_WORDS), st.tuples(FEW_WORDS, FEW_WORDS))
def test_texts_that_share_a_long_enough_run_of_words_share_a_span(run, around, about):
    """Winnowing's guarantee (Schleimer et al. 2003, section 3), whatever surrounds the run."""
    prints = of(f"{around[0]} {run} {around[1]}", f"{about[0]}\n{run.upper()}, {about[1]}")
    left, right = ({value for _, value in spans(prints, row)} for row in range(2))
    assert left & right


@settings(max_examples=60)
@given(runs(LONG_SPAN_WINDOW), st.sampled_from(["", _PADDING]), FEW_WORDS, FEW_WORDS)
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
@given(st.lists(FEW_WORDS, min_size=1, max_size=4))
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
