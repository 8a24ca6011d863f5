"""What a signal says about a candidate, and the arithmetic they share.

A signal's weight is a log10 likelihood ratio: how much more often a campaign shows this than
honest traffic does. Weights add up, so two signals must not measure the same thing. Both
likelihoods are mixtures with a broad part, because campaigns imitate people and some honest
programs look like machines: no single signal can convict or acquit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from campaigns.candidates import Candidate


@dataclass(frozen=True)
class Evidence:
    """One signal's finding.

    weight: log10 likelihood ratio, positive for a campaign. value: the measured number that the
    text speaks of. text: one sentence that an investigator can repeat. metadata: rests on
    network or client fields, which are shown apart and can be left out of the score.
    """

    signal: str
    weight: float
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
