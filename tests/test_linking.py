"""Links between families, over made-up memberships."""

import math

import numpy as np
import pytest

from campaigns.chance import NullModel, poisson_tail
from campaigns.linking import link_families

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
