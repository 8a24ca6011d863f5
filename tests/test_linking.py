"""Links between families, over made-up memberships."""

import math

import numpy as np
import pytest
from madelog import log_of, pool

from campaigns import chance
from campaigns.candidates import Memberships
from campaigns.chance import NullModel, poisson_tail
from campaigns.linking import Links, link_families

CROWD = 3000  # accounts with one request each, so that a family is a small part of the log


class World:
    """Requests with accounts, gathered to families."""

    def __init__(self) -> None:
        self.account = list(range(CROWD))
        self.memberships: list[tuple[int, int]] = []

    def send(self, account: int, *families: int) -> None:
        self.memberships += [(family, len(self.account)) for family in families]
        self.account.append(account)

    def links(self):
        rows = np.array(sorted(self.memberships), dtype=np.int64)
        families = int(rows[:, 0].max()) + 1
        model = NullModel.of(np.array(self.account), np.zeros(len(self.account), np.int64))
        return link_families(rows[:, 0], rows[:, 1], families, model)


def test_families_over_the_same_accounts_are_linked():
    world = World()
    for account in range(20):
        world.send(account, 0)
        world.send(account, 1)
    links = world.links()
    assert links.group.tolist() == [0, 0]
    assert links.part.tolist() == [0, 1]


def test_families_of_different_accounts_stay_apart():
    world = World()
    for account in range(20):
        world.send(account, 0)
        world.send(100 + account, 1)
    assert world.links().group.tolist() == [0, 1]


def test_chance_overlap_of_busy_accounts_is_no_link():
    """Accounts that send a tenth of everything meet in any two families."""
    world = World()
    for account in range(5):
        for _ in range(300):
            world.send(account)
    for account in [*range(5), *range(100, 105)]:
        world.send(account, 0)
    for account in [*range(5), *range(200, 205)]:
        world.send(account, 1)
    assert world.links().group.tolist() == [0, 1]


def test_a_text_that_holds_two_templates_is_no_co_use():
    """A slot that quotes another template brings no second use of it."""
    world = World()
    for account in range(20):
        world.send(account, 0, 1)
        world.send(account, 0)
    for account in range(100, 180):
        world.send(account, 1)
    assert world.links().group.tolist() == [0, 1]


def test_a_piece_of_a_template_joins_the_whole():
    world = World()
    for account in range(20):
        world.send(account, 0, 1)
    for account in range(20, 60):
        world.send(account, 0)
    links = world.links()
    assert links.part.tolist() == [0, 0]
    assert links.group.tolist() == [0, 0]


def test_links_do_not_chain_through_a_small_family():
    world = World()
    for account in range(30):
        world.send(account, 0)
        world.send(1000 + account, 1)
    for account in [0, 1, 2, 3, 1000, 1001, 1002, 1003, 2000, 2001]:
        world.send(account, 2)
    group = world.links().group
    assert group[0] != group[1]


def test_no_family_at_all():
    links = link_families(
        np.empty(0, np.int64), np.empty(0, np.int64), 0, NullModel.of(np.arange(5), np.zeros(5, np.int64))
    )
    assert len(links.group) == 0


@pytest.mark.parametrize(("count", "mean"), [(3, 0.1), (10, 2.0), (40, 3.5), (200, 1e-3), (5, 4.9)])
def test_poisson_tail_against_the_sum_of_its_terms(count, mean):
    terms = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(count, count + 400)]
    top = max(terms)
    expected = (top + math.log(sum(math.exp(t - top) for t in terms))) / math.log(10)
    assert poisson_tail(np.array([count]), np.array([mean]))[0] == pytest.approx(expected, rel=1e-9)


def test_an_ordinary_count_is_no_surprise():
    assert poisson_tail(np.array([2, 0]), np.array([5.0, 0.0])).tolist() == [0.0, 0.0]


def test_the_chance_overlap_is_the_sum_of_the_formula():
    """P(u uses g too) = 1 - exp(-sum of popularity (activity - own use) / total), over f's accounts."""
    random = np.random.default_rng(3)
    account, week = random.integers(0, 30, 600), random.integers(0, 3, 600)
    model = NullModel.of(account, week * 7 * 86_400_000_000)
    f, g = (np.sort(random.choice(600, size, replace=False)) for size in (40, 90))
    table = np.zeros((2, 30, 3))
    for row, family in enumerate((f, g)):
        np.add.at(table[row], (account[family], week[family]), 1)
    whole = np.zeros((30, 3))
    np.add.at(whole, (account, week), 1)
    open_minded = (whole - table[1]).sum(axis=1) > 0
    popularity = ((table[1] > 0) & open_minded[:, None]).sum(axis=0)
    mine = np.unique(account[f])
    chances = ((whole - table[0]) * popularity / whole.sum(axis=0)).sum(axis=1)[mine]
    assert model.expected(model.use(f), model.use(g)) == pytest.approx((1 - np.exp(-chances)).sum())
    assert model.use(f).accounts == len(mine)


def test_co_use_does_not_depend_on_the_blocks(monkeypatch):
    random = np.random.default_rng(4)
    rows = np.unique(random.integers(0, [40, 25, 900], (3000, 3)), axis=0)
    account, family, request = rows.T
    whole = chance.co_use(account, family, request, 25)
    monkeypatch.setattr(chance, "_BLOCK", 50)
    for one, other in zip(whole, chance.co_use(account, family, request, 25), strict=True):
        assert one.tolist() == other.tolist()
    assert whole[1].max() > 5


def test_wordings_are_parts_with_most_requests_to_themselves():
    """The smaller part lies mostly in the larger one here, and a third has its own requests."""
    members = Memberships(
        np.repeat([0, 1, 2], [10, 4, 5]), np.concatenate([np.arange(10), [7, 8, 9, 20], np.arange(30, 35)])
    )
    links = Links(np.arange(3), np.zeros(3, np.int64))
    (found,) = members.candidates(links, log_of(pool(4, 10)))
    assert found.wordings == 2
