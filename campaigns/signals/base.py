"""What a signal says about a candidate, and the arithmetic they share.

A signal's strength is its own opinion: a log10 likelihood ratio as argued in its file, for most of
them a mixture with a broad part, because campaigns imitate people and some honest programs look like
machines. How much an opinion counts beside the others, which may rest on the same thing, is learnt
(`likelihoods.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from campaigns.candidates import Candidate


@dataclass(frozen=True)
class Evidence:
    """One signal's finding.

    strength: what it says by itself, the more for a campaign the greater. value: the measured number
    that the text speaks of. text: one sentence that an investigator can repeat. metadata: rests on
    network or client fields, which are shown apart and can be left out of the score.
    """

    signal: str
    strength: float
    value: float
    text: str
    metadata: bool = False


Signal = Callable[[Candidate], Evidence | None]
"""A signal looks at a candidate and finds something, or None where it cannot tell."""


def normal(x: float, mean: float, deviation: float) -> float:
    """Return the normal density."""
    z = (x - mean) / deviation
    return math.exp(-z * z / 2) / (deviation * math.sqrt(2 * math.pi))


def log_ratio(campaign: float, honest: float, limit: float = 2.0) -> float:
    """Return log10(campaign / honest), no further from zero than `limit`."""
    if campaign <= 0 or honest <= 0:
        return math.copysign(limit, campaign - honest)
    return max(-limit, min(limit, math.log10(campaign / honest)))
