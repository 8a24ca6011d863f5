"""Machines of honest owners: programs over a key or a few, a nightly job, an evaluation harness, a
prompt that goes around.
"""

from __future__ import annotations

from random import Random

import numpy as np
from worlds.instructions import NEUTRAL, author
from worlds.salad import some_subject

from haystack_log.lexicon import NAMES
from haystack_log.render import AGENTS
from haystack_log.rows import DAY_MS, DAYS, HOUR_MS, WINDOW_MS, Census, Rows, accounts, lengths, rows
from haystack_log.templates import Templates

_NIGHTLY_KEYS, _NIGHTLY_ITEMS = 6, 1000
_HARNESSES, _HARNESS_ITEMS = 40, 400
_MOST_KEYS = 5  # of one program's owner


def programs(rng: np.random.Generator, count: int, census: Census, templates: Templates) -> Rows:
    """Return requests of programs around the clock: each one's owner, keys, template and inputs."""
    owners = max(3, int(6 * np.sqrt(count / 1000)))
    load = np.sort(rng.pareto(1.1, owners) + 0.05)[::-1]
    sent = np.maximum(1, load / load.sum() * count * 0.98).astype(np.int64)
    sent[0] += count - sent.sum()
    made = []
    for team, requests in enumerate(sent.tolist(), start=100):
        draw = Random(int(rng.integers(1 << 62)))
        text = author(draw, draw.choice(NEUTRAL), draw.randint(20, 150)).write(draw)
        template = (
            templates.add("{}", system=text) if draw.random() < 0.5 else templates.add(f"{text}\n\n{{}}")
        )
        keys = census.enrol(
            accounts(
                rng, int(rng.integers(1, _MOST_KEYS + 1)), tongue=draw.randrange(len(NAMES)),
                agents=(0, len(AGENTS)), team=team,
            )
        )  # fmt: skip
        begin, days = rng.uniform(0, DAYS * 0.8), rng.exponential(20) + 1
        time = (begin + min(days, DAYS - begin) * rng.random(requests)) * DAY_MS
        key = keys[(rng.random(requests) ** 2 * len(keys)).astype(np.int64)]
        size = lengths(rng, requests, draw.uniform(30, 120), 0.6)
        made.append(rows(time.astype(np.int64), key, census.new_texts(requests), size, template))
    return np.concatenate(made)


def nightly(rng: np.random.Generator, count: int, census: Census, templates: Templates) -> Rows:
    """Return one organisation's job: every night the same items, dealt over its keys."""
    draw = Random(int(rng.integers(1 << 62)))
    template = templates.add("{}", system=author(draw, "extraction", 90).write(draw))
    keys = census.enrol(accounts(rng, _NIGHTLY_KEYS, tongue=0, agents=(0, 3), addresses=(1, 2), team=1))
    item = rng.integers(min(_NIGHTLY_ITEMS, max(1, count // DAYS)), size=count)
    time = np.arange(count) % DAYS * DAY_MS + (2 + 0.5 * rng.random(count)) * HOUR_MS
    texts = census.new_texts(_NIGHTLY_ITEMS)
    return rows(time.astype(np.int64), rng.choice(keys, count), texts[item], 40 + item % 60, template)


def harness(rng: np.random.Generator, count: int, census: Census, templates: Templates) -> Rows:
    """Return an evaluation set's runs: many people, each on a day of their own, with the same items."""
    draw = Random(int(rng.integers(1 << 62)))
    template = templates.add(f"{author(draw, 'answering', 45).write(draw)}\n\nQuestion: {{}}\nAnswer:")
    items = min(_HARNESS_ITEMS, max(5, count // _HARNESSES))
    runs = -(-count // items)
    people = census.enrol(accounts(rng, runs, tongue=0, agents=(0, 3), addresses=(1, 2)))
    run, item = np.divmod(np.arange(count), items)
    time = rng.uniform(0, WINDOW_MS - 2 * HOUR_MS, runs)[run] + item * (HOUR_MS // items)
    return rows(time.astype(np.int64), people[run], census.new_texts(items)[item], 20 + item % 80, template)


def viral(rng: np.random.Generator, count: int, census: Census, templates: Templates) -> Rows:
    """Return a prompt that goes around: people of the crowd paste it, most within days of its start."""
    draw = Random(int(rng.integers(1 << 62)))
    template = templates.add(some_subject(draw, "en").prose(draw, 70))
    time = 20 * DAY_MS + rng.exponential(2.5 * DAY_MS, count)
    return rows(time.astype(np.int64), rng.integers(census.people, size=count), 0, 0, template)
