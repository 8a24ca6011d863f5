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

from campaigns.accounts import Ints
from campaigns.chance import NullModel, Use, co_use_pairs, surprise
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
    members = np.unique(part[family] * total + request)
    group = _by_accounts(members // total, members % total, model, part)
    # Phrases of a group's slots lie inside the group, if not inside one of its wordings.
    members = np.unique(group[family] * total + request)
    return Links(part, parts(members // total, members % total, families)[group])


def _by_accounts(
    family: NDArray[np.int64], request: NDArray[np.int64], model: NullModel, label: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Merge families whose accounts overlap beyond chance."""
    families, account = len(label), model.account
    order = np.lexsort((request, family, account[request]))
    pairs = co_use_pairs(account[request][order], family[order], request[order], families)
    keys, shared = np.unique(pairs, return_counts=True)
    left, right = keys // families, keys % families
    start = np.searchsorted(family, np.arange(families + 1))
    groups = _Groups(label, {f: request[start[f] : start[f + 1]] for f in np.unique(family).tolist()}, model)
    size = np.array([len(groups.use[f].accounts) if f in groups.use else 0 for f in range(families)])
    fair = _fair(shared, np.minimum(size[left], size[right]))
    left, right, shared = left[fair], right[fair], shared[fair]
    chance = surprise(shared, groups.expected(left, right))
    groups.limit = math.log10(FALSE_LINKS / max(len(keys), 1))
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

    requests: each group's requests, ascending. use: who sends them. limit: the surprise below
    which an overlap counts.
    """

    def __init__(
        self, label: NDArray[np.int64], requests: dict[int, NDArray[np.int64]], model: NullModel
    ) -> None:
        self.label, self.requests, self.model = label.copy(), requests, model
        self.use: dict[int, Use] = {f: model.use(rows) for f, rows in requests.items()}
        self.limit = -math.inf
        self._members: dict[int, list[int]] = {}
        for f, name in enumerate(label.tolist()):
            self._members.setdefault(name, []).append(f)

    def expected(self, left: Ints, right: Ints) -> NDArray[np.float64]:
        """Return the mean chance overlap of pairs of groups."""
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([self.model.expected(self.use[f], self.use[g]) for f, g in pairs])

    def try_merge(self, f: int, g: int) -> None:
        """Merge the groups of two linked families if, as they are now, they still belong together."""
        a, b = sorted((int(self.label[f]), int(self.label[g])))
        if a == b or not self._belong(a, b):
            return
        self.requests[a] = np.union1d(self.requests[a], self.requests.pop(b))
        self.use[a] = self.model.use(self.requests[a])
        self.label[self._members[b]] = a
        self._members[a] += self._members.pop(b)

    def _belong(self, a: int, b: int) -> bool:
        left, right, sender = self.requests[a], self.requests[b], self.model.account
        both = np.intersect1d(left, right, assume_unique=True)
        outside = [np.unique(sender[np.setdiff1d(rows, both, assume_unique=True)]) for rows in (left, right)]
        shared = np.array([np.intersect1d(outside[0], outside[1], assume_unique=True).size])
        small, large = sorted((self.use[a], self.use[b]), key=lambda use: len(use.accounts))
        if not _fair(shared, np.array([len(small.accounts)]))[0]:
            return False
        expected = np.array([self.model.expected(small, large)])
        return bool(surprise(shared, expected)[0] < self.limit)
