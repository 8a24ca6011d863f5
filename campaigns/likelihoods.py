"""What a signal's opinion counts, learnt: against a crowd, and against one party.

Shared text has two honest explanations, and they look different. A crowd is many people or programs
that use one product, recipe or phrase, each in a way of its own. One party is a company with several keys,
a gateway, a scheduled job: its accounts are as interchangeable as a campaign's, but they are few. So
there are two odds, and a campaign must be likelier than either:

    score = 1 / (1 + 1/odds against a crowd + 1/odds against one party)

Each odds is a prior times one factor a signal, a piecewise linear curve over the signal's strength
(multinomial logistic regression on curves: Hastie, Tibshirani and Friedman 2009, sections 4.4 and 5.2).
As all curves are fitted at once, signals that rest on the same thing share what it is worth. Against
a crowd curves only rise. They are learnt on random worlds (`benchmarks/likelihoods.py`), which share
no text and no generator with any log that the figures of the documentation speak of.

Of the model two copies exist: with network and client fields, and without.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

TABLE = Path(__file__).with_name("likelihoods.toml")

Odds = tuple[float, float]
"""log10 odds, or a factor of them: against a crowd, and against one party."""


@dataclass(frozen=True)
class Curve:
    """What a signal counts by its strength. crowd, party: log10 at each of `strength`, straight
    between and level beyond, so that they average 0 over the groups they were learnt on. absent: what it
    counts that a signal found nothing.
    """

    strength: tuple[float, ...]
    crowd: tuple[float, ...]
    party: tuple[float, ...]
    absent: Odds

    def at(self, strength: float) -> Odds:
        """Return what a strength counts."""
        return (
            float(np.interp(strength, self.strength, self.crowd)),
            float(np.interp(strength, self.strength, self.party)),
        )

    @property
    def best(self) -> float:
        """The strength that counts most for a campaign, against a crowd and one party together."""
        return max(self.strength, key=lambda x: sum(self.at(x)))


@dataclass(frozen=True)
class Likelihoods:
    """prior: log10 odds before any evidence. curves: by signal."""

    prior: Odds
    curves: dict[str, Curve]

    def odds(self, strengths: dict[str, float]) -> Odds:
        """Return the log10 odds of a group, given the strength of each signal that found something."""
        found = [
            curve.at(strengths[name]) if name in strengths else curve.absent
            for name, curve in self.curves.items()
        ]
        crowd, party = self.prior
        return crowd + sum(c for c, _ in found), party + sum(p for _, p in found)


def probability(odds: Odds) -> float:
    """Return the probability of a campaign.

    >>> round(probability((2.0, 1.0)), 4)
    0.9009
    """
    crowd, party = odds
    return float(1 / (1 + 10**-crowd + 10**-party))


def crowd_share(odds: Odds) -> float:
    """Return how much of what speaks against a campaign is a crowd; the rest is one party.

    >>> round(crowd_share((2.0, 1.0)), 4)
    0.0909
    """
    crowd, party = odds
    return float(1 / (1 + 10 ** (crowd - party)))


@cache
def likelihoods(*, metadata: bool) -> Likelihoods:
    """Return the learnt model, with or without network and client fields."""
    table = tomllib.loads(TABLE.read_text("utf-8"))["with_metadata" if metadata else "without_metadata"]
    curves = {
        name: Curve(*(tuple(row[field]) for field in ("strength", "crowd", "party", "absent")))
        for name, row in table["signals"].items()
    }
    return Likelihoods((table["prior"]["crowd"], table["prior"]["party"]), curves)


@dataclass(frozen=True)
class LookAlikes:
    """How many honest groups reach a score, per 100,000 honest accounts, as counted on worlds that
    the likelihoods at work were not learnt on. scores ascending.
    """

    scores: tuple[float, ...]
    per_100_000: tuple[float, ...]

    def at(self, score: float) -> float:
        """Return the expected number at a score or above."""
        return float(np.interp(score, self.scores, self.per_100_000))


@cache
def look_alikes() -> LookAlikes:
    """Return the learnt table."""
    table = tomllib.loads(TABLE.read_text("utf-8"))["look_alikes"]
    return LookAlikes(tuple(table["score"]), tuple(table["per_100_000"]))
