"""One world from its name: look-alikes first, then campaigns, the crowd fills what is left."""

from random import Random
from typing import Any

from worlds import fads, machines, products
from worlds.accounts import digest
from worlds.campaign import some_plan
from worlds.chance import logint
from worlds.clock import some_calendar
from worlds.crowd import crowd
from worlds.operation import run
from worlds.story import World

LARGE = (
    products.app,
    products.agent_product,
    products.framework,
    products.batch,
    machines.gateway,
    machines.resold,
    machines.optimiser,
)
SMALL = (
    fads.library, fads.viral, fads.homework, fads.recipe, fads.workshop, machines.harness, machines.nightly,
    machines.quickstart, fads.contest,
)  # fmt: skip
MOST = {
    products.app: 7,
    products.framework: 4,
    products.batch: 4,
    fads.library: 4,
    fads.viral: 6,
    fads.recipe: 4,
}
"""How often a story is told at most in one world; twice unless said here."""


def build(name: str, campaigns: int | None = None, traffic: int = 0, **given: Any) -> World:
    """Return the world of that name; `given` fixes parameters of its campaigns."""
    rng = Random(name)
    target = traffic or logint(rng, 15_000, 32_000)
    world = World(name, some_calendar(rng), target, blank=rng.random() < 0.12)
    number = rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 6)) if campaigns is None else campaigns
    plans = [some_plan(rng, target, **given) for _ in range(number)]
    while not given and sum(plan.requests for plan in plans) > 0.5 * target:
        plans.pop()
    for plan in plans:
        run(rng, world, plan)
    budget = max(target * 0.25, (target - len(world.sent)) * rng.uniform(0.3, 0.6))
    lookalikes(rng, world, budget)
    left = max(target // 4, target - len(world.sent))
    crowd(rng, world, left, min(left // 3, logint(rng, 2000, 6000)))
    world.sent.sort(key=lambda sent: (sent.time, sent.account.name))
    return world


def lookalikes(rng: Random, world: World, budget: float) -> None:
    """Tell honest stories in random order until they have used up about `budget` requests."""
    stories = [story for story in LARGE + SMALL for _ in range(rng.randint(0, MOST.get(story, 2)))]
    rng.shuffle(stories)
    before = len(world.sent)
    for story in stories:
        left = budget - (len(world.sent) - before)
        if story in LARGE and left > 200:
            story(rng, world, round(min(left, world.target * 0.15)))
        elif story in SMALL and left > -0.1 * world.target:
            story(rng, world)


def payload(world: World, number: int) -> dict[str, object]:
    """Return one request as LiteLLM would log it; a blank world's log has neither addresses nor agents."""
    sent = world.sent[number]
    rng = Random(f"{world.name} {number}")
    account, model = sent.account, rng.choice(("halcyon-2", "halcyon-2", "halcyon-mini"))
    return {
        "id": request_id(world, number),
        "trace_id": digest("trace", world.name, number)[:24],
        "call_type": "acompletion",
        "startTime": round(sent.time, 3),
        "model": model,
        "model_map_information": {},
        "metadata": {
            "user_api_key_user_id": account_id(account.name),
            "user_api_key_team_id": None if world.blank else account.team or None,
        },
        "requester_ip_address": "" if world.blank else rng.choice(account.addresses),
        "user_agent": "" if world.blank else rng.choice(account.agents),
        "messages": sent.messages,
    }


def request_id(world: World, number: int) -> str:
    """Return the id of a request, which says nothing of what it is."""
    return f"chatcmpl-{digest('request', world.name, number)[:24]}"


def account_id(name: str) -> str:
    """Return the account's id in the log."""
    return f"user-{digest('account', name)[:14]}"
