"""Families that share accounts beyond chance belong together.

One popular template means little; several rare templates over the same accounts do. For two
families f and g the null model keeps what honest popularity explains: f's accounts and their
activity, and g's number of accounts. Each of g's accounts is thought to be drawn by activity, so
account u of f falls into g with probability 1 - exp(-a_g w_u / W), where w_u is u's number of
requests, W that of the whole log and a_g the number of g's accounts. The overlap of the two is
then about Poisson with the sum of these as its mean (Le Cam 1960), and a link is an overlap that
this would give less than once in all pairs tried.

Significance alone would link topics (people who write Spanish share Spanish phrases) and chain
through small families. So links are taken strongest first, and two groups merge only while the
account sets they have BY THEN overlap by a fair share of the smaller one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Ints
from campaigns.components import components

PART = 0.8  # of a family's requests inside another: it is a piece of that one
MIN_SHARED = 3
MOST = 0.5  # of the smaller group's accounts, in general
MANY, SOME = 10, 0.3  # or, when that many are shared, this part: rewordings share accounts in part
FALSE_LINKS = 0.01
"""Expected number of chance links in a whole log."""

_BUSY = 200  # an account in more families than this (a gateway) links nothing


@dataclass(frozen=True)
class Links:
    """How families belong together, as labels: the least family of each set.

    part: (families,) families that lie inside one another, pieces and variants of one text.
    group: (families,) parts whose accounts overlap beyond chance.
    """

    part: NDArray[np.int64]
    group: NDArray[np.int64]


def link_families(
    family: NDArray[np.int64], request: NDArray[np.int64], families: int, account: Ints
) -> Links:
    """Return what belongs together among the families of a log.

    family, request: (m,) the distinct memberships, sorted by family, then request.
    account: (requests,) the account code of each.
    """
    if len(family) == 0:
        return Links(np.arange(families), np.arange(families))
    total = np.int64(len(account))
    part = _parts(family, request, families)
    members = np.unique(part[family] * total + request)
    group = _by_accounts(members // total, members % total, account, part)
    # Phrases of a group's slots lie inside the group, if not inside one of its wordings.
    members = np.unique(group[family] * total + request)
    return Links(part, _parts(members // total, members % total, families)[group])


def _parts(family: NDArray[np.int64], request: NDArray[np.int64], families: int) -> NDArray[np.int64]:
    """Merge families that lie inside another: pieces and variants of one text."""
    order = np.lexsort((family, request))
    pairs, shared = np.unique(_pairs_within(request[order], family[order], families), return_counts=True)
    left, right = pairs // families, pairs % families
    size = np.bincount(family, minlength=families)
    inside = shared >= PART * np.minimum(size[left], size[right])
    # Each piece joins the one whole it fills best, or a shared phrase would weld many wholes.
    left, right, shared = left[inside], right[inside], shared[inside]
    piece = np.where(size[left] <= size[right], left, right)
    whole = left + right - piece
    best = np.lexsort((whole, -shared / size[whole], piece))
    piece, whole = piece[best], whole[best]
    first = np.concatenate([[True], piece[1:] != piece[:-1]])[: len(piece)]
    return components(families, np.stack([piece[first], whole[first]], axis=1))


def _by_accounts(
    family: NDArray[np.int64], request: NDArray[np.int64], account: Ints, label: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Merge families whose accounts overlap beyond chance."""
    families, accounts = len(label), int(account.max()) + 1
    activity = np.bincount(account, minlength=accounts)
    order = np.lexsort((request, family, account[request]))
    pairs = _co_use(account[request][order], family[order], request[order], families)
    keys, shared = np.unique(pairs, return_counts=True)
    left, right = keys // families, keys % families
    senders = np.unique(family * np.int64(accounts) + account[request])
    first = np.searchsorted(senders // accounts, np.arange(families + 1))
    size = np.diff(first)
    fair = _fair(shared, np.minimum(size[left], size[right]))
    left, right, shared = left[fair], right[fair], shared[fair]
    share = activity / max(activity.sum(), 1)
    surprise = poisson_tail(shared, _expected(first, senders % accounts, left, size[right], share))
    limit = math.log10(FALSE_LINKS / max(len(keys), 1))
    kept = surprise < limit
    left, right, surprise = left[kept], right[kept], surprise[kept]
    start = np.searchsorted(family, np.arange(families + 1))
    requests: dict[int, Ints] = {f: request[start[f] : start[f + 1]] for f in np.unique(family).tolist()}
    groups = _Groups(label, requests, account, share, limit)
    order = np.lexsort((right, left, surprise))
    for f, g in zip(left[order].tolist(), right[order].tolist(), strict=True):
        groups.try_merge(f, g)
    return groups.label


def _fair(shared: NDArray[np.int64], smaller: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether overlaps are a fair share of the smaller of two account sets."""
    most = (shared >= MIN_SHARED) & (shared >= MOST * smaller)
    return most | ((shared >= MANY) & (shared >= SOME * smaller))


class _Groups:
    """Families merging to groups; a group's name is its least family.

    `requests` holds each group's requests, ascending; `sender` is the account of every request,
    `share` each account's part of all requests.
    """

    def __init__(
        self,
        label: NDArray[np.int64],
        requests: dict[int, Ints],
        sender: Ints,
        share: NDArray[np.float64],
        limit: float,
    ) -> None:
        self.label = label.copy()
        self._requests, self._sender, self._share, self._limit = requests, sender, share, limit
        self._members: dict[int, list[int]] = {}
        for f, name in enumerate(label.tolist()):
            self._members.setdefault(name, []).append(f)

    def try_merge(self, f: int, g: int) -> None:
        """Merge the groups of two linked families if, as they are now, they still belong together."""
        a, b = sorted((int(self.label[f]), int(self.label[g])))
        if a == b or not self._belong(self._requests[a], self._requests[b]):
            return
        self._requests[a] = np.union1d(self._requests[a], self._requests.pop(b))
        self.label[self._members[b]] = a
        self._members[a] += self._members.pop(b)

    def _belong(self, left: Ints, right: Ints) -> bool:
        both = np.intersect1d(left, right, assume_unique=True)
        outside = [
            np.unique(self._sender[np.setdiff1d(side, both, assume_unique=True)]) for side in (left, right)
        ]
        shared = np.intersect1d(outside[0], outside[1], assume_unique=True).size
        small, large = sorted((np.unique(self._sender[side]) for side in (left, right)), key=len)
        if not _fair(np.array(shared), np.array(len(small))):
            return False
        expected = -np.expm1(-len(large) * self._share[small]).sum()
        return bool(poisson_tail(np.array([shared]), np.array([expected]))[0] < self._limit)


@njit(nogil=True, cache=True)
def _pairs_within(key, family, families):  # type: ignore[no-untyped-def]
    """List left * families + right for every two families under one key (rows sorted by key)."""
    total = 0
    for filling in range(2):
        out = np.empty(total, dtype=np.int64)
        at, first = 0, 0
        while first < family.size:
            last = first
            while last < family.size and key[last] == key[first]:
                last += 1
            if last - first <= _BUSY:
                for i in range(first, last):
                    for j in range(i + 1, last):
                        if filling:
                            out[at] = family[i] * families + family[j]
                        at += 1
            first = last
        total = at
    return out


@njit(nogil=True, cache=True)
def _co_use(account, family, request, families):  # type: ignore[no-untyped-def]
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
def _expected(first, account, left, drawn, share):  # type: ignore[no-untyped-def]
    """Return the mean overlap of each pair under the null model."""
    mean = np.zeros(left.size)
    for pair in range(left.size):
        for i in range(first[left[pair]], first[left[pair] + 1]):
            mean[pair] += 1.0 - math.exp(-drawn[pair] * share[account[i]])
    return mean


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
