"""Padding: random words before or behind the prompt, so that no two begin or end alike.

Record numbers and ids stand there too, so it is a hint and no more; what it counts is learnt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from campaigns.signals.base import Evidence
from fingerprint.canonical import tokens

_LEAST_TEXTS = 8
_LETTERS = 6
_REACH = 100  # letters at either end that are looked at
_CHANGES = 2
_TURN = re.compile(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])")


def padding(prompts: Sequence[str]) -> Evidence | None:
    """Measure the share of prompts, of different accounts, that begin or end in a random word."""
    if len(prompts) < _LEAST_TEXTS:
        return None
    share = sum(map(_padded, prompts)) / len(prompts)
    if share == 0:
        return None
    return Evidence("padding", share, share, f"{share:.0%} of the prompts begin or end in a random word")


def _padded(prompt: str) -> bool:
    words = tokens(prompt[:_REACH]), tokens(prompt[-_REACH:])
    return any(_random(some[place]) for some, place in zip(words, (0, -1), strict=True) if some)


def _random(word: str) -> bool:
    """Whether letters and digits take turns in a word as nobody would write them ("7f3a9c")."""
    return len(word) >= _LETTERS and len(_TURN.findall(word)) >= _CHANGES
