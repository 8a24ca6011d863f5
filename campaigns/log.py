"""The log that candidates are judged against: who is active, what is usual, networks, clients, releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexes.snapshot import NO_TIME, Requests

T = TypeVar("T")

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


SOON_US = 2 * DAY_US
"""So long after a release it counts who has moved to the new model."""

_ORDINARY = 4000  # accounts
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"^(?P<network>{_BYTE}\.{_BYTE})\.{_BYTE}\.{_BYTE}$"  # a twentieth of the time of ip_address
SETTLED_US = 3 * DAY_US  # a model first seen earlier in the log may have been there before


def networks(addresses: pa.Array) -> list[str]:
    """Return the network of each address, about as large as one party holds: /16 of IPv4, /32 of IPv6.

    >>> networks(pa.array(["198.51.100.7", "2001:db8:1::2", "?"]))
    ['198.51', '2001:0db8', '']
    """
    found = pc.extract_regex(addresses, _IPV4).field("network").to_pylist()
    return [net or _of_other(address.as_py()) for net, address in zip(found, addresses, strict=True)]


def _of_other(address: str | None) -> str:
    try:
        return ip_address(str(address)).exploded[:9]
    except ValueError:
        return ""


def some_of(independent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the accounts that stand for the ordinary ones: some thousands, evenly chosen."""
    places = np.linspace(0, max(len(independent) - 1, 0), min(_ORDINARY, len(independent)))
    return independent[np.unique(places.astype(np.int64))]


def product_of(agent: str) -> str:
    """Return a user agent without its version."""
    return agent.split("/")[0].strip()


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
    """(prompts,) invisible characters and look-alikes among Latin letters."""
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
        chosen = some_of(self.independent)
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
        """(product names, product of each user agent, requests of each product)."""
        agents = self.requests.user_agent
        names = [product_of(str(value.as_py())) for value in agents.values]
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
        names = ["", *networks(self.requests.ip.values)]
        found, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
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
        for number in np.flatnonzero(first >= times[known].min() + SETTLED_US).tolist():
            if first[number] < np.iinfo(np.int64).max:
                soon = (times >= first[number]) & (times < first[number] + SOON_US)
                moved = model.codes[soon] == number
                found.append(Release(number, int(first[number]), int(soon.sum()), int(moved.sum())))
        return tuple(found)
