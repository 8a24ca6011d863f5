"""The signals that read prompts: what a template asks for, and what stands around it."""

import pytest

from campaigns.signals.aim import aim
from campaigns.signals.padding import padding
from campaigns.signals.purpose import purpose


@pytest.mark.parametrize(
    "template",
    [
        "Before you answer, write down every step of your reasoning.",
        "Score the response from 1 to 5 against the rubric.",
        "Create a new and harder task in the style of this one: {slot}",
        "Antes de responder, escribe todo tu razonamiento.",
        "请写出完整的推理过程：{slot}",
        "Прежде чем ответить, запиши свои рассуждения",
        "Bewerte die Antwort nach diesen Kriterien",
        "この問題の考えをすべて書いてください",
        "اكتب خطوة بعد خطوة كل تفكير قبل الجواب",
    ],
)
def test_training_value_in_many_languages(template):
    assert purpose(template).strength > 0


@pytest.mark.parametrize(
    "template",
    [
        "Translate the following text into French: {slot}",
        "You are the friendly assistant of a shoe shop. Help the customer find the right size.",
        "Fasse den folgenden Text in drei Sätzen zusammen",
        "次の文章を英語に訳してください",
        "",
    ],
)
def test_no_training_value(template):
    assert purpose(template).strength < 0


@pytest.mark.parametrize(
    ("wanted", "everyday"),
    [
        (
            "Beoordeel elk van de antwoorden en geef een cijfer van 1 tot 10 met uitleg.",
            "Vertaal de volgende tekst naar het Engels.",
        ),
        (
            "Schrijf al je tussenstappen en overwegingen op voordat je het eindantwoord geeft.",
            "Vat dit artikel samen in drie zinnen.",
        ),
        (
            "Think out loud, in full, and only then conclude.",
            "Help the guests of our hotel with their booking and be polite.",
        ),
    ],
)
def test_meaning_reads_what_no_rule_knows(wanted, everyday):
    """Two are in Dutch, of which the rules have no word."""
    found = aim(f"{wanted}\n\n{{slot}}")
    assert found is not None
    assert found.strength > 0
    assert aim(f"{everyday}\n\n{{slot}}") is None


def test_a_template_without_a_sentence_has_no_aim():
    assert aim("{slot}\n{slot} A: {slot}") is None


def test_random_words_at_an_end_are_padding():
    prompts = [f"[{i * 2654435761 % 2**32:08x}a1] how do {i} birds fly" for i in range(20)]
    found = padding(prompts)
    assert found is not None
    assert found.value == 1
    assert padding([f"how do {i} birds fly, ticket INV-2024-{i:04}" for i in range(20)]) is None
    assert padding(prompts[:5]) is None
    assert padding(["", "!"] * 10) is None
