"""How much each account does, counted by Spark: what no candidate can be judged without, of every request.

Segments add up before anything is passed on, so an account with a fifth of the log is a row of each segment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.chance import stretches
from cluster.numbers import Ints, Numbers, Prompts, held_texts
from cluster.stages import Piece, Stages, blobs, dealt, gathered, joined, spread
from indexes.segment import NO_TIME

_PARTS = 64  # that accounts are cut into
_ORDINARY, _ACTIVE, _TOTAL, _MODELS = range(4)
_COLUMNS = 4  # account and stretch, requests, those in families, those that name the account
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Activity:
    """The accounts of a log, by their names (see `cluster.numbers`).

    independent: accounts most of whose requests are in no family, ascending. active: (m, 3) account, stretch
    and requests, of accounts in families. known: how many accounts the log names. total: (stretches,)
    requests.
    models: (n, 2) name and first known time of each model that has one.
    """

    independent: Ints
    active: Ints
    known: int
    total: Ints
    models: Ints


def count_activity(stages: Stages, numbers: Numbers, within: tuple[int, int]) -> Activity:
    """Count the requests of each account. within: first and last known time of the log."""
    _, stretched = stretches(np.array([NO_TIME]), within)

    def count(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        times, (account, known), shared = mine.segment.times, mine.of_accounts(), in_families(mine)
        code, place = np.unique(account * stretched + stretches(times, within)[0], return_inverse=True)
        each = [np.bincount(place, weights, len(code)).astype(np.int64) for weights in (None, shared, known)]
        yield from dealt(np.stack([code, *each], axis=1), (code // stretched) % _PARTS)
        names, model, timed = mine.names("model"), mine.values("model").codes, times != NO_TIME
        first = np.full(len(names), _NEVER)
        np.minimum.at(first, model[timed], times[timed])
        yield from blobs(_PARTS, np.stack([names, first], axis=1)[first < _NEVER])

    def add(part: int, rows: list[bytes]) -> Iterator[Piece]:
        if part == _PARTS:
            yield from blobs(_MODELS, _together(joined(rows, np.int64).reshape(-1, 2), np.minimum))
            return
        counts = _together(joined(rows, np.int64).reshape(-1, _COLUMNS), np.add)
        code, requests = counts[:, 0], counts[:, 1]
        account, place = np.unique(code // stretched, return_inverse=True)
        every, shared, known = (np.bincount(place, column, len(account)) for column in counts[:, 1:].T)
        yield from blobs(_ORDINARY, account[2 * (every - shared) > every])
        active = np.stack([code // stretched, code % stretched, requests], axis=1)
        yield from blobs(_ACTIVE, active[(shared > 0)[place]])
        total = np.bincount(code % stretched, requests, stretched)
        yield _TOTAL, np.array([(known > 0).sum(), *total], np.int64)

    rows = stages.rows("accounts", lambda: gathered(spread(stages.spark, len(numbers.segments), count), add))
    found = [joined([blob for part, blob in rows if part == kind], np.int64) for kind in range(_MODELS + 1)]
    known, *total = found[_TOTAL].reshape(-1, 1 + stretched).sum(axis=0).tolist()
    models = _together(found[_MODELS].reshape(-1, 2), np.minimum)
    active = found[_ACTIVE].reshape(-1, 3)
    return Activity(np.sort(found[_ORDINARY]), active, known, np.array(total), models)


def in_families(mine: Prompts) -> NDArray[np.bool_]:
    """Return (r,) which requests of a segment are in families; only those of known accounts are."""
    member = np.isin(mine.prompt_of, mine.numbers.shared("members"))
    return np.asarray(np.append(member, False)[held_texts(mine.segment)].any(axis=0) & mine.of_accounts()[1])


def _together(rows: Ints, what: np.ufunc) -> Ints:
    """Return rows whose first column says what they are about, one each, the others brought together."""
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    first = np.flatnonzero(np.concatenate([[True], rows[1:, 0] != rows[:-1, 0]])[: len(rows)])
    return np.concatenate([rows[first, :1], what.reduceat(rows[:, 1:], first)], axis=1) if len(rows) else rows
