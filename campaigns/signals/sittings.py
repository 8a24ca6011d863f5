"""Sittings: people ask several things in a row, a dispatcher deals tasks one at a time.

Of the gaps between an account's successive requests, how many are under an hour, beyond those that
an even spread over its time of use would bring? For people most; for a queue hardly any. (The
excess of short gaps is what makes human activity bursty: Barabasi 2005, "The origin of bursts and
heavy tails in human dynamics".)
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.log import HOUR_US
from campaigns.signals.base import Evidence, log_ratio, normal
from indexes.snapshot import NO_TIME

_SHORT_US = HOUR_US
_LEAST_GAPS = 30
_BUSY = 0.5  # where so many short gaps are due to the sheer rate, sittings cannot be seen


def sittings(candidate: Candidate) -> Evidence | None:
    """Measure the share of short gaps that the accounts' rate does not explain."""
    known = candidate.time_us != NO_TIME
    order = np.lexsort((candidate.time_us[known], candidate.account_of[known]))
    account, time = candidate.account_of[known][order], candidate.time_us[known][order]
    same = account[1:] == account[:-1]
    gaps = np.diff(time)[same]
    if len(gaps) < _LEAST_GAPS:
        return None
    expected = _by_chance(account, time)
    if expected > _BUSY * len(gaps):
        return None
    share = float(((gaps < _SHORT_US).sum() - expected) / (len(gaps) - expected))
    dealt = 0.65 * normal(share, 0, 0.1) + 0.35
    asked = 0.25 * normal(share, 0, 0.1) + 0.45 * normal(share, 0.6, 0.2) + 0.3
    weight = log_ratio(dealt, asked)
    if weight > 0:
        text = f"requests come one at a time: {max(share, 0):.0%} of the gaps are the short ones of a sitting"
    else:
        text = f"the accounts ask in sittings: {share:.0%} of the gaps are under an hour, beyond their rate"
    return Evidence("sittings", weight, share, text)


def _by_chance(account: np.ndarray, time: np.ndarray) -> float:
    """Return how many short gaps accounts with these rates would have, requests spread evenly."""
    first = np.flatnonzero(np.concatenate([[True], account[1:] != account[:-1]]))
    last = np.concatenate([first[1:], [len(account)]]) - 1
    gaps = (last - first).astype(np.float64)
    span = np.maximum(time[last] - time[first], _SHORT_US)
    # An account seen for less than a few hours has one sitting and no rate of its own.
    rate = np.where(span < 6 * _SHORT_US, 0.0, gaps / span)
    return float((gaps * -np.expm1(-rate * _SHORT_US)).sum())
