"""Planted campaigns, modelled on those disclosed in 2026 and scaled down.

An operator holds a pool of accounts and a task bank. The bank is partitioned over the pool,
so that hardly any task is sent twice, and the load is spread evenly.
"""

from collections.abc import Callable
from random import Random

from demo.accounts import Account, Messages, Sent, Truth, pool, user
from demo.clock import DAYS, at, machine
from demo.grammar import load, tidy
from demo.problems import problem
from demo.speech import voice

Task = Callable[[Random], Messages]


def persona(rng: Random) -> Messages:
    """An analyst persona in three variants over questions from one narrow field."""
    return user(tidy(load("analysis").draw(rng)), load("campaigns").draw(rng, "persona"))


def inline(rng: Random) -> Messages:
    """Another person's prompt with one fixed instruction behind it."""
    return user(f"{voice(rng).ask(rng)}\n\n{load('campaigns').draw(rng, 'inline')}")


def judge(rng: Random) -> Messages:
    """An answer to be graded by a rubric."""
    grammar, bound = load("facts"), dict[str, str]()
    slots = {
        "{question}": tidy(grammar.draw(rng, "question", bound)),
        "{response}": tidy(grammar.draw(rng, "response", bound)),
    }
    templates = load("campaigns")
    return user(templates.draw(rng, "judge", slots), templates.draw(rng, "judge_system"))


def reconstruct(rng: Random) -> Messages:
    """A problem with its answer, for which the reasoning is wanted."""
    text, answer = problem(rng)
    return user(load("campaigns").draw(rng, "reconstruct", {"{problem}": text, "{answer}": answer}))


def synthesis(rng: Random) -> Messages:
    """A seed from which a training task for agents is to be made."""
    return user(load("campaigns").draw(rng, "synthesis"))


def deal(rng: Random, accounts: list[Account], each: tuple[int, int]) -> list[Account]:
    """Return whose turn it is, in rounds: every account gets between each[0] and each[1] turns."""
    turns = {account.name: rng.randint(*each) for account in accounts}
    hands = [(turn + rng.random(), account) for account in accounts for turn in range(turns[account.name])]
    return [account for _, account in sorted(hands, key=lambda hand: hand[0])]


def send(rng: Random, name: str, task: Task, turns: list[Account], times: list[float]) -> list[Sent]:
    """Return one request a turn, none of which repeats another."""
    truth, sent, seen = Truth("campaign", name), list[Sent](), set[str]()
    for account, time in zip(turns, times, strict=True):
        messages = task(rng)
        while messages[-1]["content"] in seen:
            messages = task(rng)
        seen.add(messages[-1]["content"])
        sent.append(Sent(account, time, messages, truth))
    return sent


def cover(
    rng: Random, name: str, accounts: list[Account], requests: int, window: tuple[float, float]
) -> list[Sent]:
    """Return innocent requests of other customers, relayed through a campaign's accounts."""
    turns = [account for _ in range(-(-requests // len(accounts))) for account in accounts][:requests]
    return [
        Sent(account, account.rhythm.moment(rng, *window), user(voice(rng).ask(rng)), Truth("cover", name))
        for account in turns
    ]


def shifts(rng: Random, size: int, first: int, days: int) -> list[float]:
    """Return `size` times in three working shifts a day, the same hours for every account."""
    hours = (1, 2, 3, 9, 10, 11, 17, 18, 19)
    return sorted(at(first + rng.randrange(days), rng.choice(hours) + rng.random()) for _ in range(size))


def campaigns(rng: Random) -> list[Sent]:
    """Return every planted campaign."""
    sent: list[Sent] = []

    accounts = pool(rng, "analyst", 200)
    turns = deal(rng, accounts, (8, 10))
    sent += send(rng, "analyst persona", persona, turns, machine(rng, len(turns), 2.3, 17.6))

    accounts = pool(rng, "relay", 150)
    turns = deal(rng, accounts, (6, 8))
    sent += send(rng, "inline reasoning", inline, turns, machine(rng, len(turns), 5.1, 19.4))
    sent += cover(rng, "inline reasoning", accounts, 3 * len(turns) // 7, (5.1, 19.4))

    accounts = pool(rng, "grader", 60)
    turns = deal(rng, accounts, (14, 16))
    sent += send(rng, "rubric grading", judge, turns, shifts(rng, len(turns), 12, 5))

    accounts = pool(rng, "solver", 250)
    turns = deal(rng, accounts, (3, 5))
    sent += send(rng, "reasoning reconstruction", reconstruct, turns, machine(rng, len(turns), 7.4, 9.9))

    for name, first, last in (("maker-a", 3.0, 10.0), ("maker-b", 10.1, DAYS - 3.0)):
        accounts = pool(rng, name, 45)
        turns = deal(rng, accounts, (8, 10))
        sent += send(rng, "task synthesis", synthesis, turns, machine(rng, len(turns), first, last))
    return sent
