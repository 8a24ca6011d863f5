"""Campaigns: one operator's accounts, a queue of tasks, templates that ask for training data.

Every task is dealt once, evenly and around the clock, over accounts that some also use for
something else. Sizes are those of a log of 28.8 million requests; in smaller logs accounts are fewer,
and a campaign that would keep fewer than eight is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray
from worlds.instructions import author

from haystack_log.lexicon import NAMES
from haystack_log.render import AGENTS
from haystack_log.rows import DAY_MS, DAYS, HOUR_MS, RELEASE_MS, Census, Rows, accounts, lengths, rows
from haystack_log.templates import PLAIN, Templates

FULL = 28_800_000
LEAST_ACCOUNTS = 8


@dataclass(frozen=True)
class Operation:
    """How a campaign works, at full size.

    fixed, item: words of the template and, in the middle, of a slot. form: where the fixed text
    stands. wordings: how many versions of it the accounts share. cover: other requests for each of
    the campaign's. pools: sets of accounts, one after the other. grows: the power of the log's
    size by which its accounts grow.
    """

    name: str
    accounts: int
    requests: int
    purpose: str
    fixed: int
    item: int
    form: str = "before"
    tongue: str = "en"
    wordings: int = 1
    cover: float = 0.0
    pools: int = 1
    first_day: float = 0.0
    days: float = DAYS
    grows: float = 0.6

    def size(self, requests: int) -> int:
        """Return how many accounts it has in a log of so many requests."""
        return round(self.accounts * (requests / FULL) ** self.grows)


OPERATIONS = (
    Operation("analyst", 25_000, 12, "reasoning", 70, 40, grows=1.0),
    Operation("inline", 2_000, 6, "reasoning", 22, 150, form="within", cover=0.5),
    Operation("spike", 4_000, 4, "synthesis", 60, 15, first_day=17, days=2.5),
    Operation("grader", 800, 24, "grading", 110, 90, form="system", cover=0.2, first_day=6, days=30),
    Operation("agents", 300, 60, "agent", 80, 60, tongue="zh", form="system", first_day=3, days=35),
    Operation("tasks", 120, 40, "synthesis", 60, 12, wordings=3, first_day=10, days=25),
    Operation("successors", 240, 40, "reasoning", 60, 30, pools=2, first_day=2, days=38),
    Operation("cleaner", 60, 100, "cleaning", 18, 900, first_day=15, days=20),
    Operation("worker", 24, 200, "cleaning", 50, 120, tongue="ru", first_day=8, days=28),
    Operation("dozen", 12, 80, "reasoning", 50, 60, first_day=5, days=30),
    Operation("least", 8, 120, "grading", 80, 80, first_day=12, days=24),
)


def planted(requests: int) -> tuple[Operation, ...]:
    """Return the campaigns that a log of so many requests holds."""
    return tuple(o for o in OPERATIONS if o.size(requests) >= LEAST_ACCOUNTS)


def operate(
    rng: np.random.Generator, operation: Operation, size: int, census: Census, templates: Templates
) -> tuple[Rows, NDArray[np.int64]]:
    """Return the requests of a campaign of `size` accounts, cover included, and its templates."""
    tongue = NAMES.index(operation.tongue)
    adopts = RELEASE_MS + rng.uniform(0, DAY_MS, size)
    people = census.enrol(
        accounts(rng, size, tongue=tongue, agents=(0, len(AGENTS)), addresses=(2, 7), adopts=adopts)
    )
    drawn = np.maximum(2, rng.poisson(operation.requests, size))
    who = np.repeat(np.arange(size), drawn)
    count = len(who)
    span = operation.days / operation.pools
    start = operation.first_day + span * (who * operation.pools // size)
    time = (start + span * rng.random(count)) * DAY_MS
    made = np.array(_templates(rng, operation, templates))
    template = made[rng.integers(len(made), size=count)]
    words = lengths(rng, count, operation.item, 0.4)
    work = rows(time.astype(np.int64), people[who], census.new_texts(count), words, template)
    cover = rng.random(count) < operation.cover
    near = time[cover] + rng.normal(0, 8 * HOUR_MS, int(cover.sum()))
    hidden = census.new_texts(int(cover.sum()))
    other = rows(near.astype(np.int64), people[who[cover]], hidden, lengths(rng, len(hidden)), PLAIN)
    return np.concatenate([work, other]), made


def _templates(rng: np.random.Generator, operation: Operation, templates: Templates) -> list[int]:
    draw = Random(int(rng.integers(1 << 62)))
    one = author(draw, operation.purpose, operation.fixed, operation.tongue)
    made = []
    for _ in range(operation.wordings):
        text = one.write(draw, reword=0.6 if operation.wordings > 1 else 0.0)
        if operation.form == "system":
            made.append(templates.add("{}", system=text))
        elif operation.form == "within":
            made.append(templates.add(f"{{}}\n\n{text}\n\n{{}}", shares=(0.6, 0.4)))
        else:
            made.append(templates.add(f"{text}\n\n{one.label}: {{}}"))
    return made
