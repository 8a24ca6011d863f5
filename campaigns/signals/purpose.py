"""Purpose: would the answers train a model?

Disclosed campaigns ask for the model's reasoning, for grades, for cleaned traces, for new tasks,
or run it as an agent; a translator or a shop assistant does not. Judged from the template's own
words: an act and an object must both be asked for, in whatever language, so "reasoning" in
passing is not enough. The stems stand in `purposes.toml`; no template is known here.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from campaigns.signals.base import Evidence
from fingerprint.canonical import canonical

# Honest recipes, judges and agents ask for the same, so no more than five to one; and labs
# harvest translations and small talk too.
_FOR, _AGAINST = 0.7, -0.3


@dataclass(frozen=True)
class _Purpose:
    """A training purpose: its name, and the two kinds of words that show it."""

    name: str
    act: re.Pattern[str]
    thing: re.Pattern[str]


def purpose(template: str) -> Evidence:
    """Judge what a template's fixed text asks for."""
    text = canonical(template)  # where hidden characters and look-alikes have gone
    for candidate in _purposes():
        act, thing = candidate.act.search(text), candidate.thing.search(text)
        if act and thing:
            words = f"“{act.group()}…” and “{thing.group()}…”"
            return Evidence("training_value", _FOR, 1.0, f"it asks for {candidate.name} ({words})")
    return Evidence(
        "training_value", _AGAINST, 0.0, "nothing it asks for is of particular use to train a model"
    )


@cache
def _purposes() -> tuple[_Purpose, ...]:
    entries = tomllib.loads(Path(__file__).with_name("purposes.toml").read_text("utf-8"))["purpose"]
    return tuple(_Purpose(e["name"], _pattern(e["act"]), _pattern(e["thing"])) for e in entries)


def _pattern(languages: dict[str, str]) -> re.Pattern[str]:
    stems = [stem for line in languages.values() for stem in line.split(", ")]
    # Scripts from Thai and the radicals of Han on are written without spaces: no word start there.
    parts = [canonical(stem) if stem[0] > "\u0e00" else rf"\b{canonical(stem)}" for stem in stems]
    return re.compile("|".join(parts))
