"""A world: all stories of a log of so many requests, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haystack_log.crowd import crowd
from haystack_log.hot import COLD, Hot, heat
from haystack_log.lexicon import lexicon
from haystack_log.machines import harness, nightly, programs, viral
from haystack_log.operations import operate, planted
from haystack_log.render import Tables, tables
from haystack_log.rows import Accounts, Census, Rows
from haystack_log.templates import Templates

_PROGRAMS, _NIGHTLY, _HARNESS, _VIRAL = 0.08, 0.004, 0.002, 0.001
_MOST_APPS, _MOST_RECIPES = 200, 400


@dataclass(frozen=True)
class World:
    """rows: by time. campaign: (templates,) the campaign that a template belongs to, -1 for none."""

    seed: int
    rows: Rows
    accounts: Accounts
    tables: Tables
    names: tuple[str, ...]
    campaign: NDArray[np.int64]


def build(seed: int, requests: int, hot: Hot = COLD) -> World:
    """Return the world of a seed and a size; what is hot comes on top of the requests."""
    rng = np.random.default_rng([seed, requests])
    census, templates = Census(), Templates()
    operations = planted(requests)
    busy, of = [], []
    for operation in operations:
        work, numbers = operate(rng, operation, operation.size(requests), census, templates)
        busy.append(work)
        of.append(numbers)
    for story, share in ((programs, _PROGRAMS), (nightly, _NIGHTLY), (harness, _HARNESS)):
        busy.append(story(rng, int(requests * share), census, templates))
    rest = requests - sum(map(len, busy)) - int(requests * _VIRAL)
    grown = (requests / 28_800_000) ** 0.5
    apps, recipes = max(6, int(_MOST_APPS * grown)), max(12, int(_MOST_RECIPES * grown))
    busy.append(crowd(rng, rest, census, templates, apps, recipes))
    busy.append(viral(rng, int(requests * _VIRAL), census, templates))
    busy.append(heat(rng, hot, census, templates))
    rows = np.concatenate(busy)
    del busy
    rows = rows[np.argsort(rows["time"], kind="stable")]
    campaign = np.full(len(templates), -1)
    for number, mine in enumerate(of):
        campaign[mine] = number
    return World(
        seed, rows, np.concatenate(census.tables), tables(lexicon(), templates.tables(), apps),
        tuple(operation.name for operation in operations), campaign,
    )  # fmt: skip
