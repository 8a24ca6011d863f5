"""Account pools: who among the accounts of one template really belongs together.

One template may serve two unrelated pools (a public recipe that a campaign runs and that a few
people try), and a template of many accounts picks up strangers whose text holds a piece of it.
So a candidate is split where its variants have accounts of their own, and accounts that touched
it far less than its others, beside much else, are let go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaigns.candidates import Candidate, Memberships
from campaigns.components import components

_VARIANT = 0.9  # a family over more of the requests than this is the template, not a variant
_LEAST_REQUESTS = 20
_LEAST_ACCOUNTS = 5
_MIXED = 0.2  # variants with this part of the smaller one's accounts in common have one pool
_RARELY = 0.2


def pools(candidate: Candidate, members: Memberships) -> list[Candidate]:
    """Return the candidate's pools, each without its strangers."""
    return [without_strangers(pool) for pool in _split(candidate, members)]


def without_strangers(candidate: Candidate) -> Candidate:
    """Return the candidate without accounts that used it too little to belong.

    Too little is under a fifth of what its accounts use it in the median, and under half of
    the median part of their traffic: both, so that neither a quiet member nor one with much
    other traffic is lost.
    """
    share = candidate.counts / candidate.log.activity[candidate.accounts]
    few = candidate.counts <= _RARELY * np.median(candidate.counts)
    stranger = few & (share < np.median(share) / 2)
    if not stranger.any():
        return candidate
    return candidate.restricted(~np.isin(candidate.account_of, candidate.accounts[stranger]))


def _split(candidate: Candidate, members: Memberships) -> list[Candidate]:
    variant = _variants(candidate, members)
    count = int(variant.max(initial=-1)) + 1
    if count < 2:
        return [candidate]
    held = variant >= 0
    pairs = np.unique(variant[held].astype(np.int64) << 32 | candidate.account_of[held])
    accounts = [pairs[pairs >> 32 == v] & 0xFFFFFFFF for v in range(count)]
    edges = [
        (i, j)
        for i in range(count)
        for j in range(i + 1, count)
        if np.intersect1d(accounts[i], accounts[j]).size >= _MIXED * min(len(accounts[i]), len(accounts[j]))
    ]
    pool = components(count, np.array(edges, dtype=np.int64).reshape(-1, 2))
    if len(np.unique(pool)) < 2:
        return [candidate]
    largest = int(np.bincount(pool[variant[held]]).argmax())
    of_request = np.where(held, pool[variant], largest)
    return [candidate.restricted(of_request == name) for name in np.unique(of_request)]


def _variants(candidate: Candidate, members: Memberships) -> NDArray[np.int64]:
    """Return each request's variant: the largest family that holds it without holding all.

    Only families with enough requests and accounts of their own count; -1 for none.
    """
    total = len(candidate.rows)
    variant = np.full(total, -1, dtype=np.int64)
    count = 0
    for family in candidate.families.tolist():
        inside = np.isin(candidate.rows, members.requests_of(family), assume_unique=True)
        new = inside & (variant < 0)
        if inside.sum() > _VARIANT * total or 2 * new.sum() < inside.sum() or new.sum() < _LEAST_REQUESTS:
            continue
        if len(np.unique(candidate.account_of[new])) < _LEAST_ACCOUNTS:
            continue
        variant[new] = count
        count += 1
    return variant
