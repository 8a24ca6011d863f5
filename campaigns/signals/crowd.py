"""Crowd: how many accounts there are.

One company, class or project explains a handful of accounts that share a template; the number of
accounts that one honest party holds falls off about like a power law, so every doubling makes
that explanation rarer.
"""

from __future__ import annotations

import math

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_EVEN = 25  # so many accounts say nothing either way
_SLOPE = 1.0


def crowd(candidate: Candidate) -> Evidence | None:
    """Weigh the number of accounts."""
    count = len(candidate.accounts)
    weight = max(-1.0, min(1.6, _SLOPE * math.log10(count / _EVEN)))
    if weight < 0:
        text = f"{count} accounts: few enough for one company, team or class"
    else:
        text = f"{count} accounts, more than one honest party usually holds"
    return Evidence("crowd", weight, float(count), text)
