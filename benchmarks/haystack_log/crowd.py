"""The crowd: people, each with hours and a span of use of their own, a few of them very busy.

Sessions per account are log-normal; a session holds a few requests minutes apart: questions of
their own, or turns of one conversation, and now and then a retry. A third of the people use an
app, which puts its system prompt before what they ask; everybody may use a recipe that many know,
or say hello.
"""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray
from worlds.instructions import NEUTRAL, author

from haystack_log.lexicon import NAMES, SHARES
from haystack_log.render import AGENTS
from haystack_log.rows import DAY_MS, DAYS, HOUR_MS, Census, Rows, accounts, lengths, rows
from haystack_log.templates import PLAIN, Templates

SESSIONS, BUSY = 2.8, 1.3  # median and spread of an account's sessions
_PER_SESSION = 2.2
_LIFE_DAYS = 14.0
_CONVERSATION, _RETRY = 0.25, 0.02
_ON_APP, _IN_APP = 0.35, 0.8  # of the people; of their sessions
_RECIPE, _HELLO, _COMMON = 0.03, 0.04, 0.03  # of the sessions
_HELLOS, _QUESTIONS = 3000, 500  # texts that many people send


def crowd(
    rng: np.random.Generator, count: int, census: Census, templates: Templates, apps: int, recipes: int
) -> Rows:
    """Return `count` requests of people; each app and recipe is drawn by popularity."""
    people = int(count / (SESSIONS * np.exp(BUSY**2 / 2) * _PER_SESSION) * 1.1) + 200  # more than enough
    sessions = np.maximum(1, rng.lognormal(np.log(SESSIONS), BUSY, people)).astype(np.int64)
    who = np.repeat(np.arange(people), sessions)
    requests = rng.geometric(1 / _PER_SESSION, len(who))
    last = int(np.searchsorted(np.cumsum(requests), count)) + 1  # so many sessions are enough
    who, requests = who[:last], requests[:last]
    people = int(who[-1]) + 1
    app = np.where(rng.random(people) < _ON_APP, _popular(rng, people, apps), -1)
    number = census.enrol(_enrolled(rng, people, app))
    app_of, recipe_of = products(rng, templates, apps), library(rng, templates, recipes)
    used = (app[who] >= 0) & (rng.random(last) < _IN_APP)
    template = np.where(used, app_of[app[who]], PLAIN)
    other = rng.random(last)
    known = ~used & (other < _RECIPE)
    template[known] = recipe_of[_popular(rng, int(known.sum()), recipes)]
    text, words = census.new_texts(last).astype(np.int64), lengths(rng, last)
    words[known] = lengths(rng, int(known.sum()), 25, 1.0)
    shared = used & (other < _COMMON)
    text[shared] = census.new_texts(_QUESTIONS)[_popular(rng, int(shared.sum()), _QUESTIONS)]
    words[shared] = 4 + text[shared] % 30
    hello = ~used & (other > 1 - _HELLO)
    text[hello] = census.new_texts(_HELLOS)[_popular(rng, int(hello.sum()), _HELLOS)]
    words[hello] = 1 + text[hello] % 6
    return _asked(rng, count, census, number[who], _starts(rng, people, who), requests, text, words, template)


def _asked(
    rng: np.random.Generator,
    count: int,
    census: Census,
    account: NDArray[np.uint32],
    start: NDArray[np.int64],
    requests: NDArray[np.int64],
    text: NDArray[np.int64],
    words: NDArray[np.uint16],
    template: NDArray[np.int64],
) -> Rows:
    """Return the requests of sessions: the first asks the session's text, later ones go on from it."""
    session = np.repeat(np.arange(len(requests)), requests)[:count]
    place = np.arange(count) - (np.cumsum(requests) - requests)[session]
    pause = rng.exponential(6 * HOUR_MS / 60, count)
    elapsed = np.cumsum(pause) - np.cumsum(pause)[np.arange(count) - place]
    talk = rng.random(len(requests)) < _CONVERSATION
    fresh = (place > 0) & ~talk[session]
    mine, size = text[session], words[session]
    mine[fresh] = census.new_texts(int(fresh.sum()))
    size[fresh] = lengths(rng, int(fresh.sum()))
    turn = np.where(talk[session], np.minimum(place, 250), 0)
    again = np.flatnonzero(fresh & (rng.random(count) < _RETRY))
    mine[again], size[again] = mine[again - 1], size[again - 1]
    return rows(
        start[session] + elapsed.astype(np.int64), account[session], mine, size, template[session], turn
    )


def _enrolled(rng: np.random.Generator, people: int, app: NDArray[np.int64]) -> NDArray[np.void]:
    table = accounts(
        rng,
        people,
        tongue=rng.choice(len(NAMES), people, p=SHARES),
        agents=(0, len(AGENTS)),
        addresses=(1, 4),
    )
    own = (app >= 0) & (app % 3 == 0)  # every third app comes with a client of its own
    table["agent"][own] = len(AGENTS) + app[own]
    return table


def _starts(rng: np.random.Generator, people: int, who: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when each session begins: on a day of the person's time, near the person's hour."""
    first = rng.uniform(0, DAYS, people)
    life = np.minimum(rng.exponential(_LIFE_DAYS, people), DAYS - first)
    hour = rng.normal(14, 4.5, people)  # most live in neighbouring time zones: the log has a daily rhythm
    day = np.floor(first[who] + life[who] * rng.random(len(who)))
    return (day * DAY_MS + (hour[who] + rng.normal(0, 2.2, len(who))) * HOUR_MS).astype(np.int64)


def products(rng: np.random.Generator, templates: Templates, count: int) -> NDArray[np.int64]:
    """Return the templates of so many apps: a system prompt of 20 to 400 words each."""
    draw = Random(int(rng.integers(1 << 62)))
    made = []
    for _ in range(count):
        words = min(400, max(20, int(draw.lognormvariate(4.5, 0.7))))
        system = author(draw, draw.choice(NEUTRAL), words, _tongue(draw)).write(draw)
        made.append(templates.add("{}", system=system))
    return np.array(made)


def library(rng: np.random.Generator, templates: Templates, count: int) -> NDArray[np.int64]:
    """Return the templates of so many recipes: an instruction of 12 to 60 words before the input."""
    draw = Random(int(rng.integers(1 << 62)))
    written = (author(draw, draw.choice(NEUTRAL), draw.randint(12, 60), _tongue(draw)) for _ in range(count))
    return np.array([templates.add(f"{one.write(draw)}\n\n{{}}") for one in written])


def _tongue(draw: Random) -> str:
    return draw.choice(("en", "en", "en", "en", "zh", "ja", "de", "es", "ru"))


def _popular(rng: np.random.Generator, count: int, kinds: int) -> NDArray[np.int64]:
    """Return draws from 0 to kinds - 1 by Zipf's law."""
    share = np.cumsum(1 / np.arange(1, kinds + 1))
    return np.searchsorted(share / share[-1], rng.random(count))
