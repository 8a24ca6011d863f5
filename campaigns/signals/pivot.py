"""Release pivot: a pool moves to a new model within a day of its release, people bit by bit.

Weak alone: enthusiasts and programs that ask for "the latest" move at once too.
"""

from __future__ import annotations

from campaigns.candidates import Candidate
from campaigns.log import SOON_US
from campaigns.signals.base import Evidence
from indexes.snapshot import NO_TIME

_LEAST_REQUESTS = 30
_MOST, _FEW = 0.5, 0.2
_WEIGHT = 0.4


def pivot(candidate: Candidate) -> Evidence | None:
    """Compare how much of the pool's and of the log's traffic went to a model just released."""
    models = candidate.log.requests.model
    for release in candidate.log.releases:
        soon = (candidate.time_us >= release.time_us) & (candidate.time_us < release.time_us + SOON_US)
        before = (candidate.time_us < release.time_us) & (candidate.time_us != NO_TIME)
        if min(soon.sum(), before.sum()) < _LEAST_REQUESTS:
            continue
        moved = int((models.codes[candidate.rows][soon] == release.model).sum())
        pool = moved / int(soon.sum())
        others = (release.moved - moved) / max(release.soon - int(soon.sum()), 1)
        if pool >= _MOST and others <= _FEW and release.soon > soon.sum():
            name = models.values[release.model].as_py()
            text = (
                f"two days after its release {name} had {pool:.0%} of its requests, {others:.0%} of others'"
            )
            return Evidence("release_pivot", _WEIGHT, pool, text)
    return None
