"""Succession: one set of accounts stops and another takes up the same template at once.

That is what replacing banned accounts looks like. Users of an app leave and arrive all the time,
but not half of them in one day and the other half on the next.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.log import DAY_US
from campaigns.signals.base import Evidence
from indexes.snapshot import NO_TIME

_LEAST_SIDE = 8
_LEAST_PART = 0.25  # of the accounts, on either side
_HANDOVER_US = 2 * DAY_US
_SHARP = 0.7  # of either side stops, or starts, within the handover
_WEIGHT = 1.0


def succession(candidate: Candidate) -> Evidence | None:
    """Look for a moment at which many accounts have just stopped and as many just begin."""
    count = len(candidate.accounts)
    if count < 2 * _LEAST_SIDE or candidate.used[:, 0].min() == NO_TIME:
        return None
    start, end = np.sort(candidate.used[:, 0]), np.sort(candidate.used[:, 1])
    moment = np.unique(start)
    before, after = np.searchsorted(end, moment), count - np.searchsorted(start, moment)
    stopped = before - np.searchsorted(end, moment - _HANDOVER_US)
    began = np.searchsorted(start, moment + _HANDOVER_US) - np.searchsorted(start, moment)
    fits = np.minimum(before, after) >= max(_LEAST_SIDE, _LEAST_PART * count)
    fits &= (stopped >= _SHARP * before) & (began >= _SHARP * after)
    # Where everything happens within days, there is no before and after.
    fits &= moment - start[0] > 2 * _HANDOVER_US
    if not fits.any():
        return None
    best = int(fits.argmax())
    text = f"{after[best]} accounts took over within days when {before[best]} others stopped"
    return Evidence("succession", _WEIGHT, float(after[best] / count), text)
