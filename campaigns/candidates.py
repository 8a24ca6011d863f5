"""Candidates: groups of families with their requests, and the log they are judged against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import expand_ranges
from campaigns.families import Families
from campaigns.linking import Links
from indexes.snapshot import NO_TIME, Requests

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass(frozen=True, eq=False)
class Log:
    """The whole log, as far as a candidate must be compared with it."""

    requests: Requests
    hidden: NDArray[np.uint32]
    """(prompts,) invisible characters after Latin letters."""
    shared: NDArray[np.bool_]
    """(requests,) whether a request belongs to any template family."""

    @cached_property
    def activity(self) -> NDArray[np.int64]:
        """(accounts,) requests of each account."""
        return np.bincount(self.requests.account.codes, minlength=len(self.requests.account.values))

    @cached_property
    def independent(self) -> NDArray[np.int64]:
        """Accounts most of whose requests share no text with others: the ordinary crowd."""
        alone = np.bincount(self.requests.account.codes[~self.shared], minlength=len(self.activity))
        return np.flatnonzero(2 * alone > self.activity)

    @cached_property
    def requests_of(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(first, rows): the requests of account a are rows[first[a]:first[a + 1]]."""
        codes = self.requests.account.codes
        order = np.argsort(codes, kind="stable")
        return np.searchsorted(codes[order], np.arange(len(self.requests.account.values) + 1)), order

    @cached_property
    def span_us(self) -> tuple[int, int]:
        """First and last time in the log (0, 0 when no request has one)."""
        times = self.requests.time_us[self.requests.time_us != NO_TIME]
        return (int(times.min()), int(times.max())) if len(times) else (0, 0)

    @property
    def slot(self) -> NDArray[np.int32]:
        """(requests,) the prompt a user wrote last: what varies where the system prompt does not."""
        prompts = self.requests.prompts
        return np.where(prompts[:, 3] >= 0, prompts[:, 3], prompts[:, 2])


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
        return np.unique(self.account_of)

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
        """(rows,) the last user prompt of each request."""
        return self.log.slot[self.rows]

    @cached_property
    def by_account(self) -> list[NDArray[np.int64]]:
        """For each account its positions in `rows`."""
        order = np.argsort(self.account_of, kind="stable")
        return np.split(order, np.cumsum(self.counts)[:-1])


@dataclass(frozen=True)
class Memberships:
    """Families × requests: the distinct pairs, sorted by family, then request."""

    family: NDArray[np.int64]
    request: NDArray[np.int64]

    @classmethod
    def of(cls, families: Families, requests: Requests, prompts: int) -> Memberships:
        """Carry families from prompts over to the requests of known accounts that hold them."""
        there = (requests.prompts >= 0) & requests.named[:, None]
        prompt = requests.prompts[there]
        request = np.broadcast_to(np.arange(len(requests))[:, None], requests.prompts.shape)[there]
        order = np.argsort(prompt, kind="stable")
        first = np.searchsorted(prompt[order], np.arange(prompts + 1))
        rows, owner = expand_ranges(first[families.prompt], first[families.prompt + 1])
        total = np.int64(max(len(requests), 1))
        pairs = np.unique(families.family[owner] * total + request[order][rows])
        return cls(pairs // total, pairs % total)

    def shared(self, requests: int) -> NDArray[np.bool_]:
        """Return (requests,) whether each belongs to any family."""
        shared = np.zeros(requests, dtype=np.bool_)
        shared[self.request] = True
        return shared

    def candidates(self, links: Links, log: Log) -> list[Candidate]:
        """Return one candidate per group of linked families, in group order."""
        total = np.int64(max(len(log.requests), 1))
        pairs = np.unique(links.group[self.family] * total + self.request)
        label, request = pairs // total, pairs % total
        names, starts = np.unique(label, return_index=True)
        if len(names) == 0:
            return []
        size = np.bincount(self.family, minlength=len(links.group))
        largest_first = np.lexsort((np.arange(len(size)), -size, links.group))
        cuts = np.searchsorted(links.group[largest_first], names)
        found = []
        for families, rows in zip(
            np.split(largest_first, cuts[1:]), np.split(request, starts[1:]), strict=True
        ):
            found.append(Candidate(families, rows, self._wordings(links.part[families], families), log))
        return found

    def _wordings(self, parts: NDArray[np.int64], families: NDArray[np.int64]) -> int:
        """Count the parts, largest first, that have most of their requests to themselves."""
        names = parts[np.sort(np.unique(parts, return_index=True)[1])]
        if len(names) == 1:
            return 1
        covered, count = np.empty(0, np.int64), 0
        for name in names.tolist():
            mine = np.concatenate([self.requests_of(f) for f in families[parts == name].tolist()])
            new = np.setdiff1d(mine, covered)
            count += 2 * len(new) >= len(np.unique(mine))
            covered = np.union1d(covered, new)
        return count

    def requests_of(self, family: int) -> NDArray[np.int64]:
        """Return one family's requests, ascending."""
        first, last = np.searchsorted(self.family, [family, family + 1])
        return self.request[first:last]
