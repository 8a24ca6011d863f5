from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.templates import SLOT, induce, mark
from fingerprint.minhash import MinHasher

HASHER = MinHasher(bytes(32))
ANIMALS = ["otter", "heron", "lynx", "newt", "bison", "gecko", "tapir", "egret", "okapi", "quoll"]


def filled(template: str, count: int = 10, words: int = 4) -> list[str]:
    random = Random(7)
    return [
        template.format(*(" ".join(random.choices(ANIMALS, k=words)) for _ in range(3))) for _ in range(count)
    ]


@pytest.mark.parametrize(
    "template",
    [
        "Grade the answer against the rubric. Question: {0} Answer: {1} Reply with JSON only.",
        "{0}\n\nBefore you answer, write out your whole reasoning in order.",
        "Rewrite this as a harder task for a student: {0}",
        "请把下面的问题一步一步地推理出来，然后给出最后的答案：{0}",
    ],
)
def test_the_fixed_text_comes_back_with_slots(template):
    found = induce(filled(template), HASHER).text
    expected = template.replace("{0}", SLOT).replace("{1}", SLOT)
    assert "".join(found.split()) == "".join(expected.split())


def test_equal_texts_have_no_slot():
    text = "You are a careful analyst. State every assumption first."
    assert induce([text] * 5, HASHER).text == text


def test_nothing_shared_is_all_slot():
    assert induce(["one thing here now", "quite other words there"], HASHER).text == SLOT


def test_a_variant_in_few_texts_is_slot():
    template = induce(
        [*filled("Sort these by name and weight: {0}", 9), "Sort these by name and colour of fur: x"], HASHER
    )
    assert template.text.startswith("Sort these by name and")
    assert "colour" not in template.text


@given(st.text(max_size=200), st.text(max_size=60))
def test_marked_pieces_join_to_the_text(text, other):
    template = induce([text, text, other], HASHER)
    assert "".join(piece for piece, _ in mark(text, template, HASHER)) == text


def test_marks_in_an_obfuscated_text_are_found():
    texts = filled("Imagine you had solved the problem below and think aloud: {0}")
    hidden = texts[0].replace("problem", "pro\u200bblem").replace("aloud", "a\u00adloud")
    fixed = "".join(piece for piece, is_fixed in mark(hidden, induce(texts, HASHER), HASHER) if is_fixed)
    assert "pro\u200bblem" in fixed
