"""Habits: people and programs have their own, the accounts of a dispatcher are interchangeable.

Somebody's requests resemble each other: their kind of input, their days. A queue deals the same work
to every account, so who sent a request says nothing about it. That holds at any volume and hour and
for any template, and is hard to forge: each account would need a life of its own.

What is usual among people is measured on the same log, on accounts that share no text with
others; where those show no habit either, nothing can be told and the signals fall silent. One
honest party's keys are interchangeable too; how many accounts there are is weighed elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from campaigns.candidates import Candidate
from campaigns.habit import Habit, of_days, of_values
from campaigns.log import DAY_US, Log
from campaigns.signals.base import Evidence, log_ratio, normal
from indexes.snapshot import NO_TIME

_LEAST_ACCOUNTS = 5
_QUORUM = 0.3  # so large a part of the accounts must have sent several requests
_CLEAR = 0.1  # where ordinary accounts have less habit than this, nothing can be told


def own_inputs(candidate: Candidate) -> Evidence | None:
    """Compare how far the lengths of inputs depend on the account."""
    return _compare(
        candidate, "own_inputs", _inputs,
        "the accounts are interchangeable in what they send: which account it is tells {share:.0%} of an "
        "input's length (among accounts of this log: {usual:.0%})",
        "each account sends its own kind of input: it tells {share:.0%} of an input's length",
    )  # fmt: skip


def own_days(candidate: Candidate) -> Evidence | None:
    """Compare how far the days of use depend on the account."""
    return _compare(
        candidate, "own_days", _days,
        "no account has days of its own: requests of one fall on one day {share:.0%} more often than "
        "those of two (among accounts of this log: {usual:.0%})",
        "each account has days of its own: its requests fall on one day {share:.0%} more often than those "
        "of two accounts",
    )  # fmt: skip


def _compare(
    candidate: Candidate,
    signal: str,
    measure: Callable[[Log, NDArray[np.int64]], Habit],
    without: str,
    with_habit: str,
) -> Evidence | None:
    """Weigh a habit of the candidate's accounts against what is usual, in one of the two sentences."""
    found = measure(candidate.log, candidate.rows)
    usual = candidate.log.usual(measure).value
    strength = _strength(found, usual, len(candidate.accounts))
    if strength is None:
        return None
    text = (without if strength > 0 else with_habit).format(share=max(0.0, found.value), usual=usual)
    return Evidence(signal, strength, found.value, text)


def _strength(found: Habit, usual: float, accounts: int) -> float | None:
    """Return the log10 likelihood ratio of a habit, or None where it cannot be told."""
    if found.accounts < max(_LEAST_ACCOUNTS, _QUORUM * accounts) or usual < _CLEAR:
        return None
    value = max(0.0, found.value)  # less than none is none
    none = normal(value, 0, math.hypot(0.03, found.error))
    own = normal(min(value, 0.8 * usual), 0.8 * usual, math.hypot(0.4 * usual, found.error))
    anything = 1 / 1.2
    return log_ratio(0.6 * none + 0.15 * own + 0.25 * anything, 0.12 * none + 0.63 * own + 0.25 * anything)


def _inputs(log: Log, rows: NDArray[np.int64]) -> Habit:
    slot = log.asked(rows)
    rows, slot = rows[slot >= 0], slot[slot >= 0]
    account = log.requests.account.codes[rows].astype(np.int64)
    return of_values(account, np.log1p(log.tokens[slot].astype(np.float64)))


def _days(log: Log, rows: NDArray[np.int64]) -> Habit:
    rows = rows[log.requests.time_us[rows] != NO_TIME]
    account = log.requests.account.codes[rows].astype(np.int64)
    return of_days(account, log.requests.time_us[rows] // DAY_US)
