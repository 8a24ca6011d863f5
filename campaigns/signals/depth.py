"""Depth: do the accounts live on this template, or did they touch it once?

A common phrase gathers people who have nothing else in common and used it once among much else.
"""

from __future__ import annotations

import math

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_FEW = 4  # uses an account; below, nobody can be said to live on it


def depth(candidate: Candidate) -> Evidence | None:
    """Measure which part of the accounts' traffic the template is."""
    share = float(np.median(candidate.counts / candidate.log.activity[candidate.accounts]))
    text = f"it is {share:.0%} of what its accounts sent (median)"
    return Evidence("depth", 1.3 * share - 1, share, text)


def volume(candidate: Candidate) -> Evidence | None:
    """Measure how often an account uses the template."""
    uses = float(np.median(candidate.counts))
    text = f"its accounts sent it {uses:,.0f} {'time' if uses == 1 else 'times'} each (median)"
    return Evidence("volume", min(2.0, math.log10(uses / _FEW)), uses, text)
