from dataclasses import replace

import numpy as np
from madelog import candidate_of, log_of, people, pool

from campaigns.candidates import Candidate, Memberships
from campaigns.pools import pools, without_quotations, without_strangers


def nothing() -> Memberships:
    return Memberships(np.empty(0, np.int64), np.empty(0, np.int64))


def names(candidate):
    values = candidate.log.requests.account.values
    return {values[int(code)].as_py() for code in candidate.accounts}


def test_variants_with_accounts_of_their_own_are_split():
    rows = [*pool(10, 6, seed=1), *pool(10, 6, seed=2)]
    log = log_of(rows)
    members = Memberships(
        np.repeat([0, 1, 2], [120, 60, 60]),
        np.concatenate([np.arange(120), np.arange(60), np.arange(60, 120)]),
    )
    found = pools(Candidate(np.array([0, 1, 2]), np.arange(120), 1, log), members)
    assert sorted(len(names(part)) for part in found) == [10, 10]
    assert names(found[0]).isdisjoint(names(found[1]))


def test_variants_over_the_same_accounts_stay_together():
    rows = pool(20, 6)
    members = Memberships(
        np.repeat([0, 1], [60, 60]), np.concatenate([np.arange(0, 120, 2), np.arange(1, 120, 2)])
    )
    found = pools(Candidate(np.array([0, 1]), np.arange(120), 1, log_of(rows)), members)
    assert len(found) == 1


def test_pools_of_their_own_time_are_split():
    long, short = pool(20, 10, seed=1, days=40), pool(20, 10, seed=2, days=5)
    short = [replace(row, hour=row.hour + 240) for row in short]
    found = pools(candidate_of([*long, *short]), nothing())
    assert [len(names(part)) for part in found] == [20, 20] or sorted(len(names(p)) for p in found) == [
        20,
        20,
    ]
    assert all(len({name[:2] for name in names(part)}) == 1 for part in found)


def test_a_replaced_pool_stays_one():
    """Accounts that take over where others were banned belong to one operator."""
    first, second = pool(20, 10, seed=1, days=10), pool(20, 10, seed=2, days=10)
    second = [replace(row, hour=row.hour + 241) for row in second]
    assert len(pools(candidate_of([*first, *second]), nothing())) == 1


def test_a_crowd_is_not_split():
    assert len(pools(candidate_of(people(40, 6, seed=4)), nothing())) == 1


def test_strangers_are_let_go_and_quiet_members_kept():
    busy = pool(20, 20)
    quiet = [replace(row, account="quiet") for row in busy[:2]]
    stranger = [replace(busy[5], account="stranger")]
    elsewhere = [replace(row, account="stranger") for row in people(1, 30)]
    kept = names(without_strangers(candidate_of([*busy, *quiet, *stranger], elsewhere)))
    assert "stranger" not in kept
    assert "quiet" in kept


def test_who_sent_only_a_piece_of_the_text_is_let_go():
    rows = [*pool(12, 5, seed=1), *pool(3, 5, seed=2)]
    everything, quotation = np.arange(60), np.arange(60, 75)
    # The template has three runs of fixed words, the quotation one of them; one request of a member is torn.
    members = Memberships(
        np.repeat([0, 1, 2], [75, 59, 60]),
        np.concatenate([everything, quotation, everything[1:], everything]),
    )
    candidate = Candidate(np.array([0, 1, 2]), np.arange(75), 1, log_of(rows))
    assert names(without_quotations(candidate, members)) == {f"c1-{i}" for i in range(12)}
    assert len(without_quotations(candidate, members).rows) == 60


def test_a_wording_of_fewer_runs_is_no_piece_of_another():
    rows = [*pool(12, 5, seed=1), *pool(12, 5, seed=2)]
    members = Memberships(
        np.repeat([0, 1, 2, 3], [60, 60, 60, 60]),
        np.concatenate([np.arange(60)] * 3 + [np.arange(60, 120)]),
    )
    candidate = Candidate(np.array([0, 1, 2, 3]), np.arange(120), 2, log_of(rows))
    assert without_quotations(candidate, members) is candidate


def test_who_tried_it_in_one_sitting_is_let_go_and_a_pool_of_sittings_stays():
    weeks = pool(30, 10, seed=1, days=20)
    tried = [replace(row, hour=200 + row.hour / 24) for row in pool(4, 6, seed=2, days=1)]
    assert names(without_strangers(candidate_of([*weeks, *tried]))) == {f"c1-{i}" for i in range(30)}
    sittings = [
        replace(row, hour=row.hour / 24 + int(row.account[3:]) * 15) for row in pool(30, 8, seed=3, days=1)
    ]
    assert len(names(without_strangers(candidate_of(sittings)))) == 30
