"""Honest products: apps with one system prompt, an agent with daily users, framework templates."""

from random import Random

from worlds.accounts import Account, Messages, addresses, human, service
from worlds.chance import logint, loguniform, skewed, spread, weighted
from worlds.clock import HOUR, ZONES, Moment, person, program, sitting
from worlds.instructions import LOCAL, NEUTRAL, TRAINING, author, bank
from worlds.story import World
from worlds.templates import Template, fixed
from worlds.voices import speaker


def some_tongue(rng: Random) -> str:
    """Return a language that instructions are written in."""
    return "en" if rng.random() < 0.7 else rng.choice(LOCAL)


def some_purpose(rng: Random, training: float) -> str:
    """Return a purpose, one that yields training data as often as `training`."""
    return rng.choice(TRAINING if rng.random() < training else NEUTRAL)


def app(rng: Random, world: World, limit: int) -> None:
    """Add an app: one account a customer, all with its template; who uses it, when and how differs."""
    size = logint(rng, 15, 600)
    purpose, tongue, words = some_purpose(rng, 0.4), some_tongue(rng), logint(rng, 20, 220)
    kind = weighted(rng, {"system": 7, "both": 2, "user": 2})
    template = fixed(rng, kind, author(rng, purpose, words, tongue), rng.choice((1, 1, 1, 2, 3)))
    launch = weighted(rng, {"old": 4, "gradual": 3, "sudden": 2})
    clock = weighted(rng, {"people": 5, "one zone": 3, "programs": 2})
    stay, turns = loguniform(rng, 0.5, 60), rng.choice((1, 1, 2, 4))
    popular = rng.choice((0, 0.1, 0.3, 0.6))
    items, taste = bank(rng, "" if rng.random() < 0.5 else tongue, rng.uniform(1, 4)), rng.uniform(0, 0.7)
    shelf = [items.item(rng) for _ in range(logint(rng, 10, 400))]
    total = min(limit, round(size * loguniform(rng, 1.5, 40)))
    device = rng.choice(("sdk", "own", "any"))
    agent = f"{purpose}-app/{rng.randint(1, 9)}.{rng.randint(0, 30)}"
    truth = world.tell(
        "app", size, purpose=purpose, tongue=tongue, words=words, template=kind, launch=launch, clock=clock,
        taste=round(taste, 2), stay_days=round(stay, 1), turns=turns, popular=popular, requests=total,
        device=device,
    )  # fmt: skip
    counts = spread(rng, total, size, rng.uniform(0.4, 1.5))
    zone, begun = rng.choice(ZONES), rng.uniform(0, world.calendar.days * 0.6)
    for number, wanted in enumerate(counts):
        name = f"{world.name} {truth.story} {number}"
        client = {"sdk": "", "own": agent, "any": ""}[device]
        account = service(rng, name, agent=client) if clock == "programs" else human(rng, name, client)
        plan = _plan(rng, world, clock, zone)
        first, last = world.joined(rng, stay)
        if launch == "gradual":
            first = max(first, begun + (world.calendar.days - begun) * rng.random() ** 0.7 - 0.3)
        elif launch == "sudden":
            first = max(first, begun + rng.expovariate(2))
        first = min(first, world.calendar.days - 0.3)
        last, own = max(last, first + 0.3), items.habit(rng, taste)
        while wanted > 0:
            visit = min(wanted, 1 if clock == "programs" else rng.randint(1, turns))
            texts = [skewed(rng, shelf, 2) if rng.random() < popular else own.item(rng) for _ in range(visit)]
            times = sitting(rng, plan(rng, first, last), visit)
            for time, messages in zip(times, grown(rng, template, texts), strict=True):
                world.send(account, time, messages, truth)
            wanted -= visit


def _plan(rng: Random, world: World, clock: str, zone: float) -> Moment:
    if clock == "programs":
        return program(rng, world.calendar)
    return person(rng, world.calendar, zone if clock == "one zone" else None)


def grown(rng: Random, template: Template, texts: list[str]) -> list[Messages]:
    """Return a conversation that begins with the template; later turns are bare."""
    history = template.fill(rng, texts[0])
    requests = [history]
    for text in texts[1:]:
        history = [*history, {"role": "assistant", "content": "…"}, {"role": "user", "content": text}]
        requests.append(history)
    return requests


def agent_product(rng: Random, world: World, limit: int) -> None:
    """Add an agent: one very long system prompt, loyal users who work with it for hours, some scripts."""
    size, words = logint(rng, 50, 600), logint(rng, 150, 500)
    template = fixed(rng, "system", author(rng, rng.choice(("agent", "coding")), words))
    total, scripts = min(limit, round(size * loguniform(rng, 4, 40))), rng.uniform(0, 0.3)
    stay, name = loguniform(rng, 10, 90), f"coder/{rng.randint(0, 3)}.{rng.randint(0, 60)}"
    truth = world.tell(
        "agent product",
        size,
        words=words,
        requests=total,
        scripts=round(scripts, 2),
        stay_days=round(stay, 1),
    )
    for number, wanted in enumerate(spread(rng, total, size, rng.uniform(0.6, 1.4))):
        account = human(rng, f"{world.name} {truth.story} {number}", name)
        script = rng.random() < scripts
        plan = program(rng, world.calendar) if script else person(rng, world.calendar)
        window, speaks = world.joined(rng, stay), speaker(rng)
        while wanted > 0:
            visit = min(wanted, 1 + int(rng.expovariate(0.15)))
            times = sitting(rng, plan(rng, *window), visit, 40)
            texts = [speaks.ask(rng) for _ in range(visit)]
            for time, messages in zip(times, grown(rng, template, texts), strict=True):
                world.send(account, time, messages, truth)
            wanted -= visit


def framework(rng: Random, world: World, limit: int) -> None:
    """Add a library's template: every adopter has it, and fills it with documents of their own."""
    size, words = logint(rng, 10, 200), logint(rng, 15, 90)
    kind = weighted(rng, {"user": 3, "prefix": 2, "system": 2})
    purpose = some_purpose(rng, 0.35)
    template = fixed(rng, kind, author(rng, purpose, words), rng.choice((1, 1, 2)))
    total, machine = min(limit, round(size * loguniform(rng, 2, 40))), rng.random()
    stay = loguniform(rng, 3, 60)
    truth = world.tell(
        "framework", size, purpose=purpose, words=words, template=kind, requests=total,
        programs=round(machine, 2), stay_days=round(stay, 1),
    )  # fmt: skip
    for number, wanted in enumerate(spread(rng, total, size, rng.uniform(0.7, 1.7))):
        name = f"{world.name} {truth.story} {number}"
        automatic = rng.random() < machine
        account = service(rng, name) if automatic else human(rng, name)
        plan = program(rng, world.calendar) if automatic else person(rng, world.calendar)
        window, items = world.joined(rng, stay), bank(rng)
        while wanted > 0:
            visit = min(wanted, 1 if automatic else 1 + int(rng.expovariate(0.4)))
            for time in sitting(rng, plan(rng, *window), visit):
                world.send(account, time, template.fill(rng, items.item(rng)), truth)
            wanted -= visit


def batch(rng: Random, world: World, limit: int) -> None:
    """Add one organisation's job over a few keys; the log does not always name the organisation."""
    size, kind = logint(rng, 2, 20), weighted(rng, {"user": 3, "system": 2, "prefix": 1})
    purpose, words = some_purpose(rng, 0.35), logint(rng, 10, 120)
    template = fixed(rng, kind, author(rng, purpose, words, some_tongue(rng)))
    named, one_net = rng.random() < 0.6, rng.random() < 0.6
    total = min(limit, logint(rng, 40, 3000))
    plan = program(rng, world.calendar, clock := rng.choice(("steady", "office", "daily", "runs")))
    truth = world.tell(
        "batch job", size, purpose=purpose, words=words, template=kind, requests=total, organisation=named,
        one_network=one_net, clock=clock,
    )  # fmt: skip
    net = ".".join(addresses(rng, 1)[0].split(".")[:2])
    accounts = [
        Account(
            f"{world.name} {truth.story} {number}",
            addresses(rng, 1, net if one_net else ""),
            ("OpenAI/Python 1.82.0",),
            truth.story if named else "",
        )
        for number in range(size)
    ]
    items, window, skew = bank(rng), world.window(rng, 0.1), rng.choice((0, 0, 1, 3))
    hours = (window[1] - window[0]) * 24
    for _ in range(total):
        time = min(plan(rng, *window), world.calendar.at(window[0]) + hours * HOUR)
        world.send(skewed(rng, accounts, skew), time, template.fill(rng, items.item(rng)), truth)
