"""Candidates: groups of families with their requests, and the log they are judged against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import expand_ranges, sorted_distinct
from campaigns.families import Families
from campaigns.linking import Links
from indexes.snapshot import NO_TIME, Requests

T = TypeVar("T")

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


SOON_US = 2 * DAY_US
"""So long after a release it counts who has moved to the new model."""

_ORDINARY = 4000  # accounts
_SETTLED_US = 3 * DAY_US  # a model first seen earlier in the log may have been there before


def network(address: str) -> str:
    """Return the network of an address, about as large as one party holds: /16 of IPv4, /32 of IPv6.

    >>> network("198.51.100.7"), network("2001:db8:1::2"), network("?")
    ('198.51', '2001:0db8', '')
    """
    try:
        packed = ip_address(address)
    except ValueError:
        return ""
    return ".".join(address.split(".")[:2]) if packed.version == 4 else packed.exploded[:9]


@dataclass(frozen=True)
class Release:
    """A model's first sight in the log; of all requests `soon` after it, `moved` went to the model."""

    model: int
    time_us: int
    soon: int
    moved: int


@dataclass(frozen=True, eq=False)
class Log:
    """The whole log, as far as a candidate must be compared with it."""

    requests: Requests
    hidden: NDArray[np.uint32]
    """(prompts,) invisible characters after Latin letters."""
    tokens: NDArray[np.uint32]
    """(prompts,) tokens of each."""
    shared: NDArray[np.bool_]
    """(requests,) whether a request belongs to any template family."""

    @cached_property
    def activity(self) -> NDArray[np.int64]:
        """(accounts,) requests of each account."""
        return np.bincount(self.requests.account.codes, minlength=len(self.requests.account.values))

    @cached_property
    def span_us(self) -> int:
        """Time from the log's first request to its last."""
        known = self.requests.time_us[self.requests.time_us != NO_TIME]
        return int(known.max() - known.min()) if len(known) else 0

    @cached_property
    def has_metadata(self) -> bool:
        """Whether the log says anything of addresses, clients or organisations."""
        requests = self.requests
        return any(len(c.values) > 1 for c in (requests.ip, requests.user_agent, requests.organisation))

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

    def asked(self, rows: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return (rows,) the prompt that the user of each request wrote last, -1 for none."""
        prompts = self.requests.prompts[rows]
        return np.where(prompts[:, 3] >= 0, prompts[:, 3], prompts[:, 2])

    @cached_property
    def ordinary(self) -> NDArray[np.int64]:
        """Requests of some thousands of independent accounts, evenly chosen: what is usual here."""
        if len(self.independent) == 0:
            return np.empty(0, np.int64)
        first, rows = self.requests_of
        places = np.linspace(0, len(self.independent) - 1, min(_ORDINARY, len(self.independent)))
        chosen = self.independent[np.unique(places.astype(np.int64))]
        return np.concatenate([rows[first[a] : first[a + 1]] for a in chosen.tolist()])

    def usual(self, measure: Callable[[Log, NDArray[np.int64]], T]) -> T:
        """Return what a measure of requests says of the ordinary ones; taken once."""
        if measure not in self._taken:
            self._taken[measure] = measure(self, self.ordinary)
        return cast(T, self._taken[measure])

    @cached_property
    def _taken(self) -> dict[Callable[..., Any], Any]:
        return {}

    @cached_property
    def products(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """(product names, product of each user agent, requests of each product).

        A product is a user agent without its version.
        """
        agents = self.requests.user_agent
        names = [str(value.as_py()).split("/")[0].strip() for value in agents.values]
        products, product = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
        requests = np.bincount(product[agents.codes], minlength=len(products))
        return products.tolist(), product, requests

    @cached_property
    def networks(self) -> list[str]:
        """Networks seen in the log, "" first."""
        return self._networks[0]

    @property
    def network_of(self) -> NDArray[np.int64]:
        """(ip values,) the network of each address."""
        return self._networks[1]

    @cached_property
    def _networks(self) -> tuple[list[str], NDArray[np.int64]]:
        names = [network(str(value.as_py())) for value in self.requests.ip.values]
        found, place = np.unique(np.array(["", *names], dtype=np.str_), return_inverse=True)
        return found.tolist(), place[1:]

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """The models that the log first sees some days after it begins, and how they were taken up."""
        model, times = self.requests.model, self.requests.time_us
        known = np.flatnonzero(times != NO_TIME)
        if len(known) == 0:
            return ()
        first = np.full(len(model.values), np.iinfo(np.int64).max)
        np.minimum.at(first, model.codes[known], times[known])
        found = []
        for number in np.flatnonzero(first >= times[known].min() + _SETTLED_US).tolist():
            if first[number] < np.iinfo(np.int64).max:
                soon = (times >= first[number]) & (times < first[number] + SOON_US)
                moved = model.codes[soon] == number
                found.append(Release(number, int(first[number]), int(soon.sum()), int(moved.sum())))
        return tuple(found)


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
