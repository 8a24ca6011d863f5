"""Families that share accounts beyond chance belong together.

One popular template means little; several rare templates over the same accounts do. A link is an
overlap of accounts that `chance` would give less than once in all pairs tried. Significance alone
would link topics (people who write Spanish share Spanish phrases) and chain through small
families. So links are taken strongest first, and two groups merge only while the account sets
they have BY THEN overlap by a fair share of the smaller one, and beyond chance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Ints, sorted_distinct
from campaigns.chance import NullModel, Use, co_use, surprise
from campaigns.parts import parts

MIN_SHARED = 3
MOST = 0.5  # of the smaller group's accounts, in general
MANY, SOME = 10, 0.3  # or, when that many are shared, this part: rewordings share accounts in part
FALSE_LINKS = 0.01
"""Expected number of chance links in a whole log."""


@dataclass(frozen=True)
class Links:
    """How families belong together, as labels: the least family of each set.

    part: (families,) families that lie inside one another, pieces and variants of one text.
    group: (families,) parts whose accounts overlap beyond chance.
    """

    part: NDArray[np.int64]
    group: NDArray[np.int64]


def link_families(
    family: NDArray[np.int64], request: NDArray[np.int64], families: int, model: NullModel
) -> Links:
    """Return what belongs together among the families of a log.

    family, request: (m,) the distinct memberships, sorted by family, then request.
    """
    if len(family) == 0:
        return Links(np.arange(families), np.arange(families))
    total = np.int64(len(model.account))
    part = parts(family, request, families)
    members = sorted_distinct(part[family] * total + request)
    group = _by_accounts(members // total, members % total, model, part)
    # Phrases of a group's slots lie inside the group, if not inside one of its wordings.
    members = sorted_distinct(group[family] * total + request)
    return Links(part, parts(members // total, members % total, families)[group])


def _by_accounts(
    family: NDArray[np.int64], request: NDArray[np.int64], model: NullModel, label: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Merge families whose accounts overlap beyond chance."""
    families, account = len(label), model.account
    sender = account[request].astype(np.int64)
    order = np.lexsort((request, family, sender))
    keys, shared = co_use(sender[order], family[order], request[order], families)
    left, right = keys // families, keys % families
    users = sorted_distinct(family * np.int64(len(model.activity)) + sender) // len(model.activity)
    size = np.bincount(users, minlength=families)
    fair = _fair(shared, np.minimum(size[left], size[right]))
    left, right, shared = left[fair], right[fair], shared[fair]
    groups = _Groups(label, family, request, model, limit=math.log10(FALSE_LINKS / max(len(keys), 1)))
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    chance = surprise(shared, np.array([groups.expected(f, g) for f, g in pairs]))
    for i in np.lexsort((right, left, chance)).tolist():
        if chance[i] < groups.limit:
            groups.try_merge(int(left[i]), int(right[i]))
    return groups.label


def _fair(shared: Ints, smaller: Ints) -> NDArray[np.bool_]:
    """Return whether overlaps are a fair share of the smaller of two account sets."""
    most = (shared >= MIN_SHARED) & (shared >= MOST * smaller)
    return np.asarray(most | ((shared >= MANY) & (shared >= SOME * smaller)))


class _Groups:
    """Families merging to groups; a group's name is its least family.

    family, request: the distinct memberships, sorted by family, then request. limit: the surprise
    below which an overlap counts.
    """

    def __init__(
        self,
        label: NDArray[np.int64],
        family: NDArray[np.int64],
        request: NDArray[np.int64],
        model: NullModel,
        *,
        limit: float,
    ) -> None:
        self.label, self.model, self.limit = label.copy(), model, limit
        self._request, self._start = request, np.searchsorted(family, np.arange(len(label) + 1))
        self._use: dict[int, Use] = {}
        self._members: dict[int, list[int]] = {}
        for f, name in enumerate(label.tolist()):
            self._members.setdefault(name, []).append(f)

    def use(self, name: int) -> Use:
        """Return who uses a group."""
        if name not in self._use:
            self._use[name] = self.model.use(self._request[self._start[name] : self._start[name + 1]])
        return self._use[name]

    def expected(self, f: int, g: int) -> float:
        """Return the mean chance overlap of two groups: of the smaller one's accounts in the larger."""
        return self.model.expected(*sorted((self.use(f), self.use(g)), key=lambda use: use.accounts))

    def try_merge(self, f: int, g: int) -> None:
        """Merge the groups of two linked families if, as they are now, they still belong together."""
        a, b = sorted((int(self.label[f]), int(self.label[g])))
        if a == b or not self._belong(a, b):
            return
        self._use[a] = self.model.joined(np.union1d(self.use(a).keys, self._use.pop(b).keys))
        self.label[self._members[b]] = a
        self._members[a] += self._members.pop(b)

    def _belong(self, a: int, b: int) -> bool:
        small, large = sorted((self.use(a), self.use(b)), key=lambda use: use.accounts)
        shared = np.array([_shared(small.keys, large.keys, np.int64(len(self.model.account)))])
        if not _fair(shared, np.array([small.accounts]))[0]:
            return False
        return bool(surprise(shared, np.array([self.expected(a, b)]))[0] < self.limit)


def _shared(small: NDArray[np.int64], large: NDArray[np.int64], total: np.int64) -> int:
    """Return how many accounts send requests of both sets, besides those that lie in both.

    small, large: keys as in `Use`. The work grows with the small one.
    """
    place = np.searchsorted(large, small)
    both = large[np.minimum(place, len(large) - 1)] == small
    account = sorted_distinct(small[~both] // total)
    theirs = np.searchsorted(large, (account + 1) * total) - np.searchsorted(large, account * total)
    first, last = np.searchsorted(small[both] // total, [account, account + 1])
    return int((theirs > last - first).sum())
