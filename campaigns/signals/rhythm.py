"""Day rhythm: people sleep, a work queue does not.

For two requests of one account on different days, the cosine of the difference of their hours
is near 1 for somebody of regular habits and averages 0 for a machine that works around the
clock. The mean over such pairs is the squared resultant length of directional statistics
(Mardia and Jupp 2000, section 2.3) without its bias at small numbers, so four requests an
account are enough when there are many accounts. What all accounts have in common (an office, one
zone) is nobody's habit and is taken off. What is human is measured on the same log, on accounts
that share no text with others; where they are programs too, the signal falls silent.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.candidates import Candidate
from campaigns.log import HOUR_US, Log
from campaigns.signals.base import Evidence, log_ratio, normal
from indexes.snapshot import NO_TIME

_LEAST_ACCOUNTS = 3
_APART_HOURS = 12  # closer requests belong to one sitting and say nothing of habits
_MOST_REQUESTS = 60  # an account's pairs are taken among this many, evenly chosen
_PAIR_CAP = 20.0  # a busy account weighs no more than this many pairs
_QUORUM = 0.3  # so large a part of the accounts must have worked on different days
_SCHEDULE = 0.9
_CLEAR = 0.1  # a crowd with less rhythm than this cannot be told from machines


def rhythm(candidate: Candidate) -> Evidence | None:
    """Compare the accounts' regularity of hours with that of ordinary accounts of the log."""
    whole, error, accounts = regularity(candidate.log, candidate.rows)
    common = max(0.0, _common(candidate))
    mean = whole - common
    crowd, _, ordinary = candidate.log.usual(regularity)
    if min(accounts, ordinary) < _LEAST_ACCOUNTS or crowd < _CLEAR:
        return None
    habit = normal(min(mean, crowd), crowd, math.hypot(crowd / 2.5, error))
    clock = normal(mean, 0, math.hypot(0.05, error))
    schedule = normal(whole, 1, math.hypot(0.05, error))
    anything = 1 / 1.2
    human = 0.7 * habit + 0.1 * clock + 0.1 * schedule + 0.1 * anything
    machine = 0.5 * clock + 0.25 * habit + 0.05 * schedule + 0.2 * anything
    # A few accounts do not speak for a pool.
    weight = log_ratio(machine, human) * min(1.0, accounts / (_QUORUM * len(candidate.accounts)))
    shown = f"{max(0.0, mean):.2f}"
    if whole > _SCHEDULE:
        text = f"{accounts} accounts work at the same hours every day ({whole:.2f} of 1), like scheduled jobs"
    elif weight > 0:
        how = "have the same hours" if common > _CLEAR else "work around the clock"
        text = (
            f"{accounts} accounts {how}: hours of their own repeat from day to day with {shown} "
            f"(0 is a machine; accounts of this log have {crowd:.2f})"
        )
    else:
        text = f"the accounts keep hours of their own: regularity {shown} (accounts of this log: {crowd:.2f})"
    return Evidence("rhythm", weight, mean, text)


def _common(candidate: Candidate) -> float:
    """Return the mean cosine between the hours of two accounts: what all of them have in common."""
    known = candidate.time_us != NO_TIME
    account = np.searchsorted(candidate.accounts, candidate.account_of[known])
    angle = candidate.time_us[known] / HOUR_US * (math.pi / 12)
    count = np.bincount(account, minlength=len(candidate.accounts)).clip(1)
    x = np.bincount(account, np.cos(angle), len(count)) / count
    y = np.bincount(account, np.sin(angle), len(count)) / count
    pairs = max(1, len(count) * (len(count) - 1))
    return float((x.sum() ** 2 + y.sum() ** 2 - (x**2 + y**2).sum()) / pairs)


def regularity(log: Log, rows: NDArray[np.int64]) -> tuple[float, float, int]:
    """Return (mean cosine, standard error, accounts) over the accounts of some requests."""
    rows = rows[log.requests.time_us[rows] != NO_TIME]
    account, time = log.requests.account.codes[rows], log.requests.time_us[rows]
    order = np.lexsort((time, account))
    cosine, pairs = _cosines(account[order], time[order] / HOUR_US)
    if len(cosine) == 0:
        return 0.0, math.inf, 0
    weight = np.minimum(pairs, _PAIR_CAP)
    mean = float((weight * cosine).sum() / weight.sum())
    spread = math.sqrt(float(((weight * (cosine - mean)) ** 2).sum())) / float(weight.sum())
    # Few accounts can agree by accident; one account's cosine has a deviation of about .7.
    return mean, max(spread, 0.3 / math.sqrt(len(cosine))) if len(cosine) < 10 else spread, len(cosine)


@njit(nogil=True, cache=True)
def _cosines(account, hour):  # type: ignore[no-untyped-def]
    """Return each account's (mean cosine, pairs); rows sorted by account, then time."""
    cosines, counts = np.empty(account.size), np.empty(account.size)
    found, first = 0, 0
    while first < account.size:
        last = first
        while last < account.size and account[last] == account[first]:
            last += 1
        step = max(1.0, (last - first) / _MOST_REQUESTS)
        total, pairs = 0.0, 0
        i = float(first)
        while i < last:
            j = i + step
            while j < last:
                gap = hour[int(j)] - hour[int(i)]
                if gap >= _APART_HOURS:
                    total += math.cos(gap * math.pi / 12)
                    pairs += 1
                j += step
            i += step
        if pairs:
            cosines[found], counts[found] = total / pairs, pairs
            found += 1
        first = last
    return cosines[:found], counts[:found]
