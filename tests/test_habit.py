"""Habit: against what it must be on made accounts, and against its definition."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.habit import NONE, of_days, of_values

RANDOM = np.random.default_rng(7)


def accounts(count, each):
    return np.repeat(np.arange(count), each)


def test_values_that_follow_the_account_are_all_habit():
    account = accounts(20, 10)
    found = of_values(account, account + RANDOM.normal(0, 0.01, len(account)))
    assert found.value == pytest.approx(1, abs=0.01)
    assert found.accounts == 20


def test_values_dealt_at_random_are_none():
    account = accounts(200, 10)
    found = of_values(account, RANDOM.normal(0, 1, len(account)))
    assert abs(found.value) < 3 * found.error
    assert found.error < 0.05


def test_half_of_the_variance_is_half_a_habit():
    account = accounts(2000, 10)
    own = RANDOM.normal(0, 1, 2000)
    found = of_values(account, own[account] + RANDOM.normal(0, 1, len(account)))
    assert found.value == pytest.approx(0.5, abs=4 * found.error)


def test_the_order_of_requests_does_not_matter():
    account, value = accounts(30, 5), RANDOM.normal(0, 1, 150)
    shuffled = RANDOM.permutation(150)
    assert of_values(account[shuffled], value[shuffled]).value == pytest.approx(
        of_values(account, value).value
    )


def test_a_busy_account_does_not_drown_the_others():
    account = np.concatenate([accounts(50, 6), np.full(100_000, 50)])
    value = np.concatenate([accounts(50, 6).astype(float), np.zeros(100_000)])
    assert of_values(account, value).value > 0.9


@pytest.mark.parametrize("account", [[], [1], [1, 2, 3], [1, 1]])
def test_too_little_is_no_habit(account):
    of = np.array(account, dtype=np.int64)
    assert of_values(of, of.astype(float)) == NONE
    assert of_days(of, of) == NONE


def test_equal_values_tell_nothing():
    assert of_values(accounts(10, 4), np.ones(40)) == NONE


def test_a_day_for_each_account_is_all_habit():
    found = of_days(accounts(30, 6), np.repeat(np.arange(30), 6))
    assert found.value > 0.9


def test_days_dealt_at_random_are_none():
    found = of_days(accounts(200, 8), RANDOM.integers(0, 20, 1600))
    assert abs(found.value) < 4 * found.error
    assert found.error < 0.05


def test_accounts_that_take_turns_are_interchangeable_in_their_turn():
    """A tenth of the accounts works each week, all of them on any day of it."""
    account = accounts(200, 8)
    turns = of_days(account, account // 20 * 7 + RANDOM.integers(0, 7, 1600))
    people = of_days(account, account // 20 * 7 + np.repeat(RANDOM.integers(0, 7, 200), 8))
    assert turns.value < 0.2
    assert people.value > 0.7


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=2, max_size=40))
def test_shared_days_are_counted_as_pairs_are(rows):
    account = np.array([a for a, _ in rows], dtype=np.int64)
    day = np.array([d for _, d in rows], dtype=np.int64)
    found = of_days(account, day)
    expected = slow_days(rows)
    if found == NONE:
        return
    assert found.value == pytest.approx(expected)


def slow_days(rows):
    """The definition, pair by pair."""
    own = {a: [d for b, d in rows if b == a] for a, _ in rows}
    own = {a: days for a, days in own.items() if len(days) > 1}
    excess = room = 0.0
    for a, days in own.items():
        around = [
            d for b, others in own.items() if b != a for d in others if min(days) - 3 <= d <= max(days) + 3
        ]
        if len(around) < 2:
            continue
        pairs = list(combinations(days, 2))
        observed = sum(x == y for x, y in pairs) / len(pairs)
        theirs = list(combinations(around, 2))
        chance = sum(x == y for x, y in theirs) / len(theirs)
        weight = min(20.0, len(pairs))
        excess += weight * (observed - chance)
        room += weight * (1 - chance)
    return excess / room if room else 0.0
