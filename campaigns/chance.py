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

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Ints
from indexes.snapshot import NO_TIME

_DAY_US = 86_400_000_000
_WEEK_US = 7 * _DAY_US
_MOST_STRETCHES = 12
_BUSY = 200  # an account in more families than this (a gateway) links nothing


@dataclass(frozen=True)
class Use:
    """Who uses a set of requests: accounts (n,) ascending.

    free: (n, stretches) requests that each account sent besides. popularity: (stretches,) how many
    accounts use it that do anything besides: the users of nothing else meet nobody.
    """

    accounts: NDArray[np.int64]
    free: NDArray[np.float64]
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
        stretch = _stretches(time_us)
        count = int(stretch.max(initial=0)) + 1
        accounts = int(account.max(initial=-1)) + 1
        table = np.bincount(account.astype(np.int64) * count + stretch, minlength=accounts * count)
        activity = table.reshape(accounts, count).astype(np.float64)
        return cls(account, stretch, activity, activity.sum(axis=0).clip(1))

    def use(self, requests: Ints) -> Use:
        """Return who uses some requests, and when."""
        accounts, place = np.unique(self.account[requests], return_inverse=True)
        width = self.activity.shape[1]
        counts = np.bincount(place * width + self.stretch[requests], minlength=len(accounts) * width)
        counts = counts.reshape(-1, width)
        free = self.activity[accounts] - counts
        open_minded = (counts > 0) & (free.sum(axis=1) > 0)[:, None]
        return Use(accounts.astype(np.int64), free, open_minded.sum(axis=0).astype(np.float64))

    def expected(self, left: Use, right: Use) -> float:
        """Return the mean number of left's accounts that use right besides, by chance."""
        return float(-np.expm1(-(left.free @ (right.popularity / self.total))).sum())


def surprise(shared: Ints, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log10 of the probability of at least so many shared accounts; 0 for no surprise."""
    return np.asarray(poisson_tail(np.asarray(shared, dtype=np.int64), expected))


def _stretches(time_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stretch of each request; requests without a time share the first."""
    known = time_us[time_us != NO_TIME]
    if len(known) == 0:
        return np.zeros(len(time_us), dtype=np.int64)
    start, span = int(known.min()), int(known.max() - known.min()) + 1
    length = max(_WEEK_US, -(-span // _MOST_STRETCHES))
    return np.asarray(((np.maximum(time_us, start) - start) // length).astype(np.int64))


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
