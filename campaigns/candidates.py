"""Candidates: groups of families with their requests."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import expand_ranges, sorted_distinct
from campaigns.families import Families
from campaigns.linking import Links
from campaigns.log import Log
from indexes.snapshot import Requests


@dataclass(frozen=True, eq=False)
class Candidate:
    """A group of families that share accounts.

    families: numbers of its families, most requests first. rows: its requests in the log,
    ascending. wordings: how many templates it has, pieces of one template not counted.
    """

    families: NDArray[np.int64]
    rows: NDArray[np.int64]
    wordings: int
    log: Log

    def restricted(self, kept: NDArray[np.bool_]) -> Candidate:
        """Return the candidate with only some of its requests; kept: (rows,)."""
        return Candidate(self.families, self.rows[kept], self.wordings, self.log)

    @cached_property
    def account_of(self) -> NDArray[np.int32]:
        """(rows,) account code of each request."""
        return self.log.requests.account.codes[self.rows]

    @cached_property
    def accounts(self) -> NDArray[np.int32]:
        """The distinct account codes, ascending."""
        return sorted_distinct(self.account_of.astype(np.int64)).astype(np.int32)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(accounts,) requests of each account in the candidate."""
        return np.unique(self.account_of, return_counts=True)[1]

    @cached_property
    def time_us(self) -> NDArray[np.int64]:
        """(rows,) times, NO_TIME where the log gave none."""
        return self.log.requests.time_us[self.rows]

    @cached_property
    def slot(self) -> NDArray[np.int32]:
        """(rows,) the prompt a user wrote last: what varies where the system prompt does not."""
        return self.log.asked(self.rows)

    @cached_property
    def in_order(self) -> NDArray[np.int64]:
        """(rows,) positions in `rows`, by account, then time."""
        return np.lexsort((self.time_us, self.account_of))

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(accounts,) where each account begins in `in_order`."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def used(self) -> NDArray[np.int64]:
        """(accounts, 2) first and last time of use; NO_TIME first where a request has no time."""
        times = self.time_us[self.in_order]
        return np.stack([times[self.first], times[self.first + self.counts - 1]], axis=1)


@dataclass(frozen=True)
class Memberships:
    """Families × requests: the distinct pairs, sorted by family, then request."""

    family: NDArray[np.int64]
    request: NDArray[np.int64]

    @classmethod
    def of(cls, families: Families, requests: Requests, prompts: int) -> Memberships:
        """Carry families from prompts over to the requests of known accounts that hold them."""
        member = np.zeros(prompts + 1, dtype=np.bool_)  # the last stands for "no prompt"
        member[families.prompt] = True
        total, parts = np.int64(max(len(requests), 1)), [np.empty(0, np.int64)]
        for column in requests.prompts.T:
            there = np.flatnonzero(member[column] & requests.named)
            parts.append(column[there] * total + there)
        prompt, request = np.divmod(sorted_distinct(np.concatenate(parts)), total)
        first = np.concatenate([[0], np.cumsum(np.bincount(prompt, minlength=prompts))])
        rows, owner = expand_ranges(first[families.prompt], first[families.prompt + 1])
        family, request = np.divmod(sorted_distinct(families.family[owner] * total + request[rows]), total)
        return cls(family, request)

    def shared(self, requests: int) -> NDArray[np.bool_]:
        """Return (requests,) whether each belongs to any family."""
        shared = np.zeros(requests, dtype=np.bool_)
        shared[self.request] = True
        return shared

    def candidates(self, links: Links, log: Log) -> list[Candidate]:
        """Return one candidate per group of linked families, in group order."""
        total = np.int64(max(len(log.requests), 1))
        label, request = np.divmod(sorted_distinct(links.group[self.family] * total + self.request), total)
        names, starts = np.unique(label, return_index=True)
        if len(names) == 0:
            return []
        size = np.bincount(self.family, minlength=len(links.group))
        largest_first = np.lexsort((np.arange(len(size)), -size, links.group))
        cuts = np.searchsorted(links.group[largest_first], names)
        wordings = self._wordings(links, largest_first, total)[names]
        return [
            Candidate(families, rows, int(count), log)
            for families, rows, count in zip(
                np.split(largest_first, cuts[1:]), np.split(request, starts[1:]), wordings, strict=True
            )
        ]

    def _wordings(self, links: Links, largest_first: NDArray[np.int64], total: np.int64) -> NDArray[np.int64]:
        """Return, for each group, how many parts have most of their requests to themselves.

        A request belongs to the first of its group's parts that holds it, the part of the largest
        family coming first.
        """
        in_turn = links.part[largest_first]
        rank = np.full(len(in_turn), len(in_turn))
        np.minimum.at(rank, in_turn, np.arange(len(in_turn)))
        mine = sorted_distinct(rank[links.part[self.family]] * total + self.request)
        part, request = in_turn[mine // total], mine % total
        # A part lies in one group, so the first of a (group, request) is the first part that holds it.
        _, first = np.unique(links.group[part] * total + request, return_index=True)
        new = np.bincount(part[first], minlength=len(links.part))
        all_of_it = np.bincount(part, minlength=len(links.part))
        own = np.flatnonzero((all_of_it > 0) & (2 * new >= all_of_it))
        return np.bincount(links.group[own], minlength=len(links.group))

    def requests_of(self, family: int) -> NDArray[np.int64]:
        """Return one family's requests, ascending."""
        first, last = np.searchsorted(self.family, [family, family + 1])
        return self.request[first:last]

    def places_of(self, family: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where in `rows` (ascending) one family's requests stand."""
        mine = self.requests_of(family)
        place = np.searchsorted(rows, mine)
        there = rows[np.minimum(place, len(rows) - 1)] == mine
        return np.asarray(place[there])
