"""Succession: one set of accounts stops and another takes up the same template at once.

That is what replacing banned accounts looks like. Users of an app leave and arrive all the time,
but not half of them in one day and the other half on the next.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import DAY_US, Candidate
from campaigns.signals.base import Evidence
from indexes.snapshot import NO_TIME

_LEAST_SIDE = 8
_LEAST_PART = 0.25  # of the accounts, on either side
_HANDOVER_US = 2 * DAY_US
_SHARP = 0.7  # of either side stops, or starts, within the handover
_WEIGHT = 1.0


def succession(candidate: Candidate) -> Evidence | None:
    """Look for a moment at which many accounts have just stopped and as many just begin."""
    times = [candidate.time_us[mine] for mine in candidate.by_account]
    if len(times) < 2 * _LEAST_SIDE or min(t.min() for t in times) == NO_TIME:
        return None
    start = np.array([t.min() for t in times])
    end = np.array([t.max() for t in times])
    least = max(_LEAST_SIDE, _LEAST_PART * len(times))
    for moment in np.unique(start):
        before, after = end < moment, start >= moment
        if min(before.sum(), after.sum()) < least:
            continue
        stopped = (end[before] >= moment - _HANDOVER_US).mean()
        began = (start[after] < moment + _HANDOVER_US).mean()
        # Where everything happens within days, there is no before and after.
        long = moment - start[before].min() > 2 * _HANDOVER_US
        if long and stopped >= _SHARP and began >= _SHARP:
            text = f"{after.sum()} accounts took over within days when {before.sum()} others stopped"
            return Evidence("succession", _WEIGHT, float(after.mean()), text)
    return None
