"""Habit: how far what a request is depends on whose account it is.

Two measures over the accounts of some requests, both 0 where accounts are interchangeable and 1
where a request's account tells all: of the lengths of inputs, and of the days of use. Equal sizes
are not needed; an account counts with no more than some dozens of its requests, evenly chosen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MOST_EACH = 40
_AROUND = 3  # days around an account's own on which it might have come as well
_PAIR_CAP = 20.0  # a busy account weighs no more than this many pairs


class Habit(NamedTuple):
    """A measure from 0 to 1, its standard error, and how many accounts it rests on."""

    value: float
    error: float
    accounts: int


NONE = Habit(0.0, math.inf, 0)


def of_values(account: NDArray[np.int64], value: NDArray[np.float64]) -> Habit:
    """Return the intraclass correlation of values over accounts.

    One-way random effects of unequal sizes (Shrout and Fleiss 1979, ICC(1,1)), with Fisher's
    large-sample error. account, value: (n,) in any order.
    """
    order = np.argsort(account, kind="stable")
    kept = order[_several(account[order])]
    _, group, count = np.unique(account[kept], return_inverse=True, return_counts=True)
    accounts, total, x = len(count), len(kept), value[kept]
    if accounts < 2 or total < accounts + 2:
        return NONE
    mean = np.bincount(group, x) / count
    between = float((count * (mean - x.mean()) ** 2).sum()) / (accounts - 1)
    within = float(((x - mean[group]) ** 2).sum()) / (total - accounts)
    each = (total - float((count**2).sum()) / total) / (accounts - 1)
    scale = between + (each - 1) * within
    if scale <= 0:  # all values are equal
        return NONE
    share = (between - within) / scale
    error = math.sqrt(2 / (each * (each - 1) * (accounts - 1))) * (1 - share) * (1 + (each - 1) * share)
    return Habit(share, max(error, 0.0), accounts)


def of_days(account: NDArray[np.int64], day: NDArray[np.int64]) -> Habit:
    """Return how much likelier two requests of one account share a day than those of two do.

    0: as likely as for other accounts at that time, 1: always. What others do is taken from the days
    around the account's own, so that accounts that take turns are not taken for people.
    account, day: (n,) in any order.
    """
    if len(day) == 0:
        return NONE
    order = np.lexsort((day, account))
    kept = order[_several(account[order])]
    day = day[kept] - day.min()
    total = np.bincount(day).astype(np.float64)
    weight, excess, room = _shared_days(account[kept], day, total)
    if len(weight) < 2 or (weight * room).sum() <= 0.02 * weight.sum():  # all in a day or two
        return NONE
    value = float((weight * excess).sum() / (weight * room).sum())
    spread = float(np.sqrt(((weight * (excess - value * room)) ** 2).sum()) / (weight * room).sum())
    return Habit(value, spread, len(weight))


@njit(nogil=True, cache=True)
def _several(account):  # type: ignore[no-untyped-def]
    """Return places of accounts that occur more than once, evenly chosen ones of each; sorted input."""
    out = np.empty(account.size, dtype=np.int64)
    made, first = 0, 0
    while first < account.size:
        last = first
        while last < account.size and account[last] == account[first]:
            last += 1
        count = last - first
        if count > 1:
            chosen = min(count, _MOST_EACH)
            for i in range(chosen):
                out[made] = first + i * count // chosen
                made += 1
        first = last
    return out[:made]


@njit(nogil=True, cache=True)
def _shared_days(account, day, total):  # type: ignore[no-untyped-def]
    """Return each account's (weight, observed - expected, 1 - expected) share of pairs on one day.

    Rows sorted by account, then day. total: requests on each day, of all accounts.
    """
    weights, excess = np.empty(account.size), np.empty(account.size)
    room = np.empty(account.size)
    found, first = 0, 0
    while first < account.size:
        last, same = first, 0.0
        begin = first
        while last < account.size and account[last] == account[first]:
            if day[last] != day[begin]:
                begin = last
            same += last - begin
            last += 1
        count = last - first
        pairs = count * (count - 1) / 2
        others, alike, i = 0.0, 0.0, first
        for d in range(max(0, day[first] - _AROUND), min(total.size, day[last - 1] + _AROUND + 1)):
            mine = 0
            while i < last and day[i] == d:
                mine += 1
                i += 1
            theirs = max(0.0, total[d] - mine)
            others += theirs
            alike += theirs * (theirs - 1) if theirs > 1 else 0.0
        if others >= 2:
            expected = alike / (others * (others - 1))
            weights[found] = min(pairs, _PAIR_CAP)
            excess[found] = same / pairs - expected
            room[found] = 1 - expected
            found += 1
        first = last
    return weights[:found], excess[:found], room[:found]
