"""Account pools: who among the accounts of one template really belongs together.

One template may serve two unrelated pools (a public recipe that a campaign runs and that a few
people try), and a template of many accounts picks up strangers whose text holds a piece of it.
So a candidate is split where its variants have accounts of their own, or where two sets of its
accounts were each in use over a time of their own; and accounts that hold only a piece of its
text, touched it far less than its others beside much else, or tried it out in one sitting where the
others use it for weeks, are let go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaigns.candidates import Candidate, Memberships
from campaigns.chance import poisson_tail
from campaigns.components import components
from campaigns.intervals import coincidence
from campaigns.log import DAY_US
from indexes.snapshot import NO_TIME

_VARIANT = 0.9  # a family over more of the requests than this is the template, not a variant
_LEAST_REQUESTS = 20
_MOST_VARIANTS = 64  # the largest; what else there is goes with the largest pool
_LEAST_ACCOUNTS = 5
_MIXED = 0.2  # variants with this part of the smaller one's accounts in common have one pool
_RARELY = 0.2
_LEAST_POOL = 8
_AT_ONCE = 0.5  # requests that others would have sent in its time
_BY_ACCIDENT = 0.05  # accounts of a pool whose requests all come together by chance
_WEEKS_US = 3 * DAY_US  # where accounts are used for less, a sitting is no exception
_OWN_TIME = 0.7  # accounts of one pool are in use together at least so much of the time
_APART = 0.3


def pools(candidate: Candidate, members: Memberships) -> list[Candidate]:
    """Return the candidate's pools, each without its strangers."""
    by_variant = _by_variant(candidate, members)
    parts = [pool for part in by_variant for pool in _by_time(without_quotations(part, members))]
    return [without_strangers(part) for part in parts]


def without_quotations(candidate: Candidate, members: Memberships) -> Candidate:
    """Return the candidate without accounts that only ever sent a piece of its text.

    A template is held together by several families, one for each run of its fixed words, and a request of it
    holds most of those that its families usually come with. A text that happens to share one sentence
    holds one. Half or less of what is usual is a piece; who sent anything more stays with everything.
    """
    held = [members.places_of(family, candidate.rows) for family in candidate.families.tolist()]
    count = np.bincount(np.concatenate(held), minlength=len(candidate.rows))
    usual = np.zeros(len(candidate.rows))
    for places in held:
        if len(places):
            usual[places] = np.maximum(usual[places], np.median(count[places]))
    whole = (2 * count > usual) | (usual == 0)
    kept = np.isin(candidate.account_of, candidate.account_of[whole])
    return candidate if kept.all() else candidate.restricted(kept)


def without_strangers(candidate: Candidate) -> Candidate:
    """Return the candidate without accounts that used it too little to belong.

    Too little is under a fifth of what its accounts use it in the median, and under half of
    the median part of their traffic: both, so that neither a quiet member nor one with much
    other traffic is lost.
    """
    share = candidate.counts / candidate.log.activity[candidate.accounts]
    few = candidate.counts <= _RARELY * np.median(candidate.counts)
    stranger = (few & (share < np.median(share) / 2)) | _of_one_sitting(candidate)
    if not stranger.any():
        return candidate
    return candidate.restricted(~np.isin(candidate.account_of, candidate.accounts[stranger]))


def _of_one_sitting(candidate: Candidate) -> NDArray[np.bool_]:
    """Return (accounts,) who did in an hour or two what the others do in weeks: they tried it out.

    At the pool's usual rate not even one request falls into the time in which they sent several, and
    in none of its accounts would so many have come together by chance. Where more than a few accounts
    are like that, it is how the pool works.
    """
    span = np.diff(candidate.used)[:, 0] if (candidate.time_us != NO_TIME).all() else np.empty(0)
    if len(span) == 0 or np.median(span) < _WEEKS_US:
        return np.zeros(len(candidate.accounts), dtype=np.bool_)
    rate = np.median(candidate.counts) / np.median(span)
    chance = 10 ** poisson_tail((candidate.counts - 1).astype(np.float64), rate * span)
    sitting = (candidate.counts > 1) & (rate * span <= _AT_ONCE) & (chance * len(span) <= _BY_ACCIDENT)
    return np.asarray(sitting & (sitting.mean() <= _RARELY))


def _by_variant(candidate: Candidate, members: Memberships) -> list[Candidate]:
    """Split where variants have accounts of their own, again and again until none has.

    Requests of no variant go with the largest pool; with a single variant, they are the other one.
    """
    variant = _variants(candidate, members)
    count = int(variant.max(initial=-1)) + 1
    rest = variant < 0
    if count == 1 and rest.sum() >= _LEAST_REQUESTS:
        variant[rest], rest[:], count = 1, False, 2
    if count < 2:
        return [candidate]
    uses = np.zeros((count, len(candidate.accounts)), dtype=np.float32)
    uses[variant[~rest], np.searchsorted(candidate.accounts, candidate.account_of[~rest])] = 1
    both, size = uses @ uses.T, uses.sum(axis=1)
    pool = components(count, np.argwhere(both >= _MIXED * np.minimum(size, size[:, None])))
    names = np.unique(pool)
    if len(names) < 2:
        return [candidate]
    of_request = np.where(rest, np.bincount(pool[variant[~rest]]).argmax(), pool[variant])
    parts = [candidate.restricted(of_request == name) for name in names]
    return [pool for part in parts for pool in _by_variant(part, members)]


def _by_time(candidate: Candidate) -> list[Candidate]:
    """Split the accounts in two by when each was first and last seen, if that explains much.

    Two groups are kept apart when in each the accounts' times coincide far better than across.
    A crowd that comes and goes has no such groups; nor has one pool that works side by side.
    Pools that follow one another are left together: that is one operator replacing accounts.
    """
    if len(candidate.accounts) < 2 * _LEAST_POOL:
        return [candidate]
    used = candidate.used
    second = _two_means(used.astype(np.float64))
    if min(second.sum(), (~second).sum()) < _LEAST_POOL:
        return [candidate]
    sides = used[second], used[~second]
    inside, across = [coincidence(side) for side in sides], coincidence(*sides)
    together = max(side[:, 0].min() for side in sides) < min(side[:, 1].max() for side in sides)
    if not together or min(inside) < _OWN_TIME or across > min(inside) - _APART:
        return [candidate]
    chosen = second[np.searchsorted(candidate.accounts, candidate.account_of)]
    return [candidate.restricted(chosen), candidate.restricted(~chosen)]


def _two_means(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points belong to the second of two means (Lloyd 1982), from fixed seeds."""
    length = points[:, 1] - points[:, 0]
    centres = points[[int(length.argmin()), int(length.argmax())]]
    second = np.zeros(len(points), dtype=np.bool_)
    for _ in range(50):
        distance = ((points[:, None] - centres) ** 2).sum(axis=2)
        now = distance[:, 1] < distance[:, 0]
        if (now == second).all() or not now.any() or now.all():
            break
        second = now
        centres = np.stack([points[~second].mean(axis=0), points[second].mean(axis=0)])
    return second


def _variants(candidate: Candidate, members: Memberships) -> NDArray[np.int64]:
    """Return each request's variant: the largest family that holds it without holding all.

    Only families with enough requests and accounts of their own count; -1 for none.
    """
    total = len(candidate.rows)
    variant = np.full(total, -1, dtype=np.int64)
    count = 0
    for family in candidate.families.tolist():
        inside = members.places_of(family, candidate.rows)
        if count == _MOST_VARIANTS:  # the families come largest first
            break
        new = inside[variant[inside] < 0]
        if len(inside) > _VARIANT * total or 2 * len(new) < len(inside) or len(new) < _LEAST_REQUESTS:
            continue
        if len(np.unique(candidate.account_of[new])) < _LEAST_ACCOUNTS:
            continue
        variant[new] = count
        count += 1
    return variant
