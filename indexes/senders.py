"""Who sent a prompt: the requests that hold it in any spelling, as far as filters let them count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fingerprint.identity import identities
from indexes.segment import NO_TIME, SegmentReader
from indexes.snapshot import Snapshot


@dataclass(frozen=True)
class Filters:
    """Which requests count. Times are microseconds since 1970; None is no bound."""

    account: str | None = None
    model: str | None = None
    since_us: int | None = None
    until_us: int | None = None


EVERYTHING = Filters()

_TOLD = ("request_id", "account", "time_us", "model")


@dataclass(frozen=True)
class Sent:
    """One prompt's requests: how many, of how many accounts, and the earliest."""

    requests: int
    accounts: int
    first: dict[str, Any]


def passing(snapshot: Snapshot, texts: NDArray[np.int64], filters: Filters) -> NDArray[np.int64]:
    """Return those texts that a request passing the filters holds."""
    if filters == EVERYTHING:
        return texts
    kept = np.zeros(len(texts), dtype=np.bool_)
    for _, segment, places, rows in snapshot.by_segment(texts):
        allowed = _allowed(snapshot, segment, filters)
        kept[places] = [bool(allowed[segment.holders.of(int(row))].any()) for row in rows]
    return texts[kept]


def first_spellings(
    snapshot: Snapshot, texts: NDArray[np.int64], which: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return of each prompt the text that was sent first, by which the prompt is shown.

    texts, which: every spelling of some prompts and whose it is, as `spelt_alike` gives them.
    """
    before: dict[int, tuple[int, int, int]] = {}
    for number, segment, places, rows in snapshot.by_segment(texts):
        for place, row in zip(places.tolist(), rows.tolist(), strict=True):
            mine = number, int(segment.holders.of(row)[0]), int(texts[place])
            before[int(which[place])] = min(mine, before.get(int(which[place]), mine))
    return np.array([before[place][2] for place in range(len(before))], dtype=np.int64)


def sent(snapshot: Snapshot, spellings: Sequence[NDArray[np.int64]], filters: Filters) -> list[Sent]:
    """Return who sent each of some prompts, given by all their texts; each by some who pass the filters."""
    counted = [_counted(snapshot, texts, filters) for texts in spellings]
    firsts = np.array([first for _, _, first in counted], dtype=np.int64)
    told: dict[int, dict[str, Any]] = {}
    for _, segment, places, rows in snapshot.requests_by_segment(firsts):
        told |= zip(places.tolist(), segment.read_requests(rows, _TOLD), strict=True)
    return [Sent(requests, accounts, told[place]) for place, (requests, accounts, _) in enumerate(counted)]


def _counted(snapshot: Snapshot, texts: NDArray[np.int64], filters: Filters) -> tuple[int, int, int]:
    """Return (requests, accounts, number of the earliest request) of some texts."""
    requests, accounts, first = 0, [], []
    for number, segment, _, rows in snapshot.by_segment(texts):
        holders = [segment.holders.of(int(row)) for row in rows]
        held = holders[0] if len(holders) == 1 else np.unique(np.concatenate(holders))
        if filters != EVERYTHING:
            held = held[_allowed(snapshot, segment, filters)[held]]
        if len(held):
            requests += len(held)
            accounts.append(np.unique(segment.accounts[held]))
            times = segment.times[held]
            earliest = int(times.argmin())
            first.append((int(times[earliest]), int(held[earliest] + snapshot.first_request[number])))
    return requests, len(np.unique(np.concatenate(accounts))), min(first)[1]


def _allowed(snapshot: Snapshot, segment: SegmentReader, filters: Filters) -> NDArray[np.bool_]:
    """Return which of a segment's requests pass the filters."""
    allowed = np.ones(len(segment.times), dtype=np.bool_)
    if filters.account is not None:
        name = identities(pa.array([filters.account]), snapshot.workspace.hasher.derive(b"account"))[0]
        allowed &= segment.accounts == name
    if filters.model is not None:
        models = segment.requests(["model"]).column(0).cast(pa.string())
        allowed &= pc.equal(models, filters.model).to_numpy(zero_copy_only=False)
    if filters.since_us is not None:
        allowed &= segment.times >= filters.since_us
    if filters.until_us is not None:
        allowed &= (segment.times < filters.until_us) & (segment.times != NO_TIME)
    return allowed
