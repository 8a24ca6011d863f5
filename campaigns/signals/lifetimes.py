"""Lifetimes: a pool is switched on and off together, a crowd comes and goes.

For every two accounts, how much of the time that either used the template did both use it
(intersection over union of their first-to-last intervals)? Users of an app arrive one by one
and most leave soon; the accounts of a pool work side by side.
"""

from __future__ import annotations

import math

import numpy as np

from campaigns.candidates import Candidate
from campaigns.intervals import coincidence
from campaigns.log import DAY_US
from campaigns.signals.base import Evidence, log_ratio
from indexes.snapshot import NO_TIME

_LEAST_ACCOUNTS = 4
_TOGETHER_DAYS = 1.5


def lifetimes(candidate: Candidate) -> Evidence | None:
    """Measure how far the accounts' intervals of use coincide."""
    used = candidate.used[(candidate.counts >= 2) & (candidate.used[:, 0] != NO_TIME)]
    if len(used) < max(_LEAST_ACCOUNTS, 0.2 * len(candidate.accounts)):
        return None
    overlap = coincidence(used)
    # Crowds: mostly a few percent, now and then a core of daily users. Pools: anything.
    crowd = 0.93 * math.exp(-overlap / 0.07) / 0.07 + 0.07
    pool = 0.3 * math.exp(-overlap / 0.1) / 0.1 + 0.7
    days = float(np.median(np.diff(used))) / DAY_US
    weight = log_ratio(pool, crowd)
    if weight > 0:  # a class or a workshop is together for an afternoon
        weight *= min(1.0, days / _TOGETHER_DAYS)
    if weight > 0:
        text = f"the accounts are in use side by side, {overlap:.0%} of their time, {days:.1f} days each"
    else:
        text = f"the accounts come and go one by one: {overlap:.0%} of their time together"
    return Evidence("lifetimes", weight, overlap, text)
