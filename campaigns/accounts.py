"""Who sent what: prompts × accounts as sorted arrays.

Every question of the kind "how many different accounts share this?" is answered from one sorted
list of distinct (prompt, account) pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexes.snapshot import Requests

Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Senders:
    """Distinct accounts of each prompt: prompt i was sent by accounts[first[i]:first[i + 1]].

    first: (prompts + 1,) int64; accounts: (m,) int32 account codes, ascending per prompt.
    """

    first: NDArray[np.int64]
    accounts: NDArray[np.int32]
    total_accounts: int

    @classmethod
    def of(cls, requests: Requests, prompts: int) -> Senders:
        """Collect the known senders of every prompt, in whichever segment it appears."""
        total, parts = len(requests.account.values), [np.empty(0, np.int64)]
        for column in requests.prompts.T:
            there = np.flatnonzero((column >= 0) & requests.named)
            parts.append(column[there].astype(np.int64) * total + requests.account.codes[there])
        pairs = sorted_distinct(np.concatenate(parts))
        prompt, account = np.divmod(pairs, max(total, 1))
        first = np.concatenate([[0], np.cumsum(np.bincount(prompt, minlength=prompts))])
        return cls(first.astype(np.int64), account.astype(np.int32), total)

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """(prompts,) how many distinct accounts sent each prompt."""
        return np.diff(self.first)

    def distinct(self, group: Ints, prompt: Ints, groups: int) -> NDArray[np.int64]:
        """Return (groups,) distinct accounts over each group's prompts.

        group, prompt: (m,) parallel arrays, one row per prompt that belongs to a group.
        """
        pairs = self.expand(group, prompt)
        return np.bincount(pairs // max(self.total_accounts, 1), minlength=groups)

    def expand(self, group: Ints, prompt: Ints) -> NDArray[np.int64]:
        """Return the sorted distinct pairs group * total_accounts + account."""
        rows, owner = expand_ranges(self.first[prompt], self.first[np.asarray(prompt) + 1])
        keys = np.asarray(group)[owner].astype(np.int64) * self.total_accounts + self.accounts[rows]
        return sorted_distinct(keys)


def sorted_distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct values, ascending; the array given is sorted in place.

    np.unique hashes integers one by one, which takes many times as long for a million of them.
    """
    values.sort()
    if len(values) == 0:
        return values
    return np.asarray(values[np.concatenate([[True], values[1:] != values[:-1]])])


def expand_ranges(first: Ints, last: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the concatenated ranges first[i]:last[i], and for each entry its i.

    >>> expand_ranges(np.array([2, 7]), np.array([4, 8]))
    (array([2, 3, 7]), array([0, 0, 1]))
    """
    sizes = np.asarray(last, dtype=np.int64) - np.asarray(first, dtype=np.int64)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    before = np.concatenate([[0], np.cumsum(sizes)])[:-1]
    return np.arange(sizes.sum()) - before[owner] + np.asarray(first, dtype=np.int64)[owner], owner
