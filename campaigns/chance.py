"""What chance explains: how many accounts two families would share if nobody ran them.

The null model keeps each account's activity and each family's popularity, per stretch of time. A
family g that a_g accounts use in a stretch, besides other things, draws them by activity; of the
requests of account u in that stretch, those outside family f are the chances that u has to be
drawn besides using f. So

    P(u uses g too) = 1 - exp(-sum over stretches of a_g (w_u - n_fu) / W),

w_u and W being the requests of u and of the whole log in the stretch, n_fu those of u in f. The
overlap of f and g is about Poisson with the sum of these over f's accounts as its mean (Le Cam
1960). On honest traffic its tail probabilities are uniform: `benchmarks/chance.py` measures that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Ints
from indexes.snapshot import NO_TIME

_DAY_US = 86_400_000_000
_WEEK_US = 7 * _DAY_US
_MOST_STRETCHES = 12
_BUSY = 200  # an account in more families than this (a gateway) links nothing
_BLOCK = 1 << 25  # pairs listed at once


@dataclass(frozen=True)
class Use:
    """A set of requests by its senders.

    keys: (n,) account * requests of the log + request, ascending. accounts: how many different ones.
    popularity: (stretches,) how many accounts use it that do anything besides: the users of
    nothing else meet nobody.
    """

    keys: NDArray[np.int64]
    accounts: int
    popularity: NDArray[np.float64]


@dataclass(frozen=True)
class NullModel:
    """The activity of a log: account, stretch (requests,) of each request, and their table.

    activity: (accounts, stretches) requests of each account. total: (stretches,).
    """

    account: Ints
    stretch: Ints
    activity: NDArray[np.float64]
    total: NDArray[np.float64]

    @classmethod
    def of(cls, account: Ints, time_us: NDArray[np.int64]) -> NullModel:
        """Tabulate a log by weeks, or by longer stretches when it is long."""
        stretch, count = stretches(time_us, bounds(time_us))
        accounts = int(account.max(initial=-1)) + 1
        table = np.bincount(account.astype(np.int64) * count + stretch, minlength=accounts * count)
        activity = table.reshape(accounts, count).astype(np.float64)
        return cls(account, stretch, activity, activity.sum(axis=0).clip(1))

    def use(self, requests: Ints) -> Use:
        """Return who uses some distinct requests, and when."""
        total = np.int64(len(self.account))
        return self.joined(np.sort(self.account[requests] * total + requests))

    def joined(self, keys: NDArray[np.int64]) -> Use:
        """Return the use of requests whose keys are known."""
        accounts, popularity = _popularity(keys, np.int64(len(self.account)), self.stretch, self.activity)
        return Use(keys, accounts, popularity)

    def expected(self, left: Use, right: Use) -> float:
        """Return the mean number of left's accounts that use right besides, by chance."""
        rate = right.popularity / self.total
        return float(_overlap(left.keys, np.int64(len(self.account)), self.stretch, self.activity, rate))


def surprise(shared: Ints, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log10 of the probability of at least so many shared accounts; 0 for no surprise."""
    return np.asarray(poisson_tail(np.asarray(shared, dtype=np.int64), expected))


def bounds(time_us: NDArray[np.int64]) -> tuple[int, int]:
    """Return the first and the last known time of some requests, NO_TIME where none is known."""
    known = time_us[time_us != NO_TIME]
    return (int(known.min()), int(known.max())) if len(known) else (NO_TIME, NO_TIME)


def stretches(time_us: NDArray[np.int64], within: tuple[int, int]) -> tuple[NDArray[np.int64], int]:
    """Return the stretch of each request, and how many there are; those without a time share the first.

    within: first and last known time of the whole log.
    """
    start, last = within
    length = max(_WEEK_US, -(-(last - start + 1) // _MOST_STRETCHES))
    return (np.maximum(time_us, start) - start) // length, (last - start) // length + 1


@njit(nogil=True, cache=True)
def _popularity(keys, total, stretch, activity):  # type: ignore[no-untyped-def]
    """Return (accounts, (stretches,) accounts with more to do than these requests)."""
    popularity = np.zeros(activity.shape[1])
    accounts, first = 0, 0
    while first < keys.size:
        account, last = keys[first] // total, first
        seen = np.zeros(activity.shape[1], dtype=np.bool_)
        while last < keys.size and keys[last] // total == account:
            seen[stretch[keys[last] % total]] = True
            last += 1
        if activity[account].sum() > last - first:
            popularity += seen
        accounts += 1
        first = last
    return accounts, popularity


@njit(nogil=True, cache=True)
def _overlap(keys, total, stretch, activity, rate):  # type: ignore[no-untyped-def]
    """Return the sum over the accounts of P(drawn at least once at these rates besides)."""
    mean, first = 0.0, 0
    while first < keys.size:
        account, last, chances = keys[first] // total, first, 0.0
        for s in range(rate.size):
            chances += activity[account, s] * rate[s]
        while last < keys.size and keys[last] // total == account:
            chances -= rate[stretch[keys[last] % total]]
            last += 1
        mean -= math.expm1(-max(0.0, chances))  # a rounding below nothing is nothing
        first = last
    return mean


def co_use(
    account: Ints, family: Ints, request: Ints, families: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (keys, accounts): left * families + right of families that accounts share, and how many do.

    Rows are sorted by account, family, request. They are taken in blocks of whole accounts, so that
    memory follows the pairs that exist, not the accounts that have them.
    """
    begins = np.flatnonzero(np.concatenate([[True], account[1:] != account[:-1]])[: len(account)])
    sizes = np.diff(np.append(begins, len(account)))
    pairs = np.cumsum(np.minimum(sizes, _BUSY).astype(np.int64) ** 2 // 2)
    cuts = begins[np.searchsorted(pairs, np.arange(_BLOCK, pairs.max(initial=0), _BLOCK))]
    keys, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for first, last in pairwise([0, *np.unique(cuts).tolist(), len(account)]):
        block = slice(first, last)
        more, count = np.unique(
            co_use_pairs(account[block], family[block], request[block], families), return_counts=True
        )
        keys, place = np.unique(np.concatenate([keys, more]), return_inverse=True)
        counts = np.bincount(place, np.concatenate([counts, count]), len(keys)).astype(np.int64)
    return keys, counts


@njit(nogil=True, cache=True)
def co_use_pairs(account, family, request, families):  # type: ignore[no-untyped-def]
    """List left * families + right for every account that uses both in DIFFERENT requests.

    Rows are sorted by account, family, request. A text that happens to hold two templates at
    once (a quotation in a slot) is no co-use: each family needs a request outside the other.
    """
    total = 0
    starts = np.empty(_BUSY + 1, dtype=np.int64)
    for filling in range(2):
        out = np.empty(total, dtype=np.int64)
        at, first = 0, 0
        while first < family.size:
            last, held = first, 0
            while last < family.size and account[last] == account[first]:
                if last == first or family[last] != family[last - 1]:
                    if held < _BUSY:
                        starts[held] = last
                    held += 1
                last += 1
            if held <= _BUSY:
                starts[held] = last
                for i in range(held):
                    for j in range(i + 1, held):
                        mine, theirs = starts[i + 1] - starts[i], starts[j + 1] - starts[j]
                        both = _common(request, starts[i], starts[i + 1], starts[j], starts[j + 1])
                        if both < mine and both < theirs:
                            if filling:
                                out[at] = family[starts[i]] * families + family[starts[j]]
                            at += 1
            first = last
        total = at
    return out


@njit(inline="always")
def _common(values, i, i_end, j, j_end):  # type: ignore[no-untyped-def]
    """Return how many values two ascending ranges share."""
    both = 0
    while i < i_end and j < j_end:
        if values[i] == values[j]:
            both += 1
            i += 1
            j += 1
        elif values[i] < values[j]:
            i += 1
        else:
            j += 1
    return both


@njit(nogil=True, cache=True)
def poisson_tail(count, mean):  # type: ignore[no-untyped-def]
    """Return log10 P(X >= count) of Poisson variables, for count well above the mean.

    Summed in logarithms from `count` upward until terms vanish, so that 1e-300 is not zero.
    """
    out = np.zeros(count.size)
    for i in range(count.size):
        if mean[i] <= 0.0 or count[i] <= mean[i]:
            continue
        term = count[i] * math.log(mean[i]) - mean[i] - math.lgamma(count[i] + 1.0)
        ratio, total, k = 1.0, 1.0, count[i]
        while ratio > 1e-12 * total:
            k += 1
            ratio *= mean[i] / k
            total += ratio
        out[i] = (term + math.log(total)) / math.log(10.0)
    return out
