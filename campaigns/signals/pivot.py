"""Release pivot: a pool moves to a new model within a day of its release, people bit by bit.

Weak alone: enthusiasts and programs that ask for "the latest" move at once too.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import DAY_US, Candidate
from campaigns.signals.base import Evidence
from indexes.snapshot import NO_TIME

_SETTLED_US = 3 * DAY_US  # a model first seen earlier in the log may have been there before
_SOON_US = 2 * DAY_US
_LEAST_REQUESTS = 30
_MOST, _FEW = 0.5, 0.2
_WEIGHT = 0.4


def pivot(candidate: Candidate) -> Evidence | None:
    """Compare how much of the pool's and of the log's traffic went to a model just released."""
    requests, (begin, _) = candidate.log.requests, candidate.log.span_us
    codes, times = requests.model.codes, requests.time_us
    for model in np.unique(codes[candidate.rows]).tolist():
        seen = times[(codes == model) & (times != NO_TIME)]
        if len(seen) == 0 or (release := int(seen.min())) < begin + _SETTLED_US:
            continue
        soon = (times >= release) & (times < release + _SOON_US)
        mine = soon[candidate.rows]
        before = (candidate.time_us < release) & (candidate.time_us != NO_TIME)
        if min(mine.sum(), before.sum()) < _LEAST_REQUESTS:
            continue
        pool = float((codes[candidate.rows][mine] == model).mean())
        soon[candidate.rows] = False
        others = float((codes[soon] == model).mean()) if soon.any() else 1.0
        if pool >= _MOST and others <= _FEW:
            name = requests.model.values[model].as_py()
            text = (
                f"two days after its release {name} had {pool:.0%} of its requests, {others:.0%} of others'"
            )
            return Evidence("release_pivot", _WEIGHT, pool, text)
    return None
