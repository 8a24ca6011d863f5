"""Software that repeats itself: evaluation harnesses, gateways, nightly CI, day-one tests."""

from random import Random

from worlds.accounts import Account, addresses, asked, human, service
from worlds.chance import logint, skewed, spread
from worlds.clock import person, program, sitting
from worlds.instructions import author, bank
from worlds.products import some_purpose
from worlds.story import World
from worlds.templates import fixed
from worlds.voices import speaker


def harness(rng: Random, world: World) -> None:
    """Add a benchmark that teams run, all with the same items or a random half of them."""
    size, items = logint(rng, 4, 60), logint(rng, 10, 150)
    items = max(5, min(items, 2500 // size))
    template = fixed(rng, rng.choice(("user", "prefix", "both")), author(rng, some_purpose(rng, 0.7), 30))
    source = bank(rng, "en")
    texts = [template.fill(rng, source.item(rng)) for _ in range(items)]
    part, again = rng.choice((1.0, 1.0, 0.5)), rng.choice((1, 1, 3))
    truth = world.tell("evaluation harness", size, items=items, part=part, runs=again)
    for number in range(size):
        account = human(rng, f"{world.name} {truth.story} {number}")
        moment = person(rng, world.calendar)
        for _ in range(again if size * items < 1500 else 1):
            chosen = rng.sample(texts, max(1, int(part * items)))
            times = sitting(rng, moment(rng, 0, world.calendar.days), len(chosen), rng.choice((3, 3, 20)))
            for time, messages in zip(times, chosen, strict=True):
                world.send(account, time, messages, truth)


def gateway(rng: Random, world: World, limit: int) -> None:
    """Add a gateway: a few keys behind which many people sit, with the gateway's system prompt or none."""
    size, total = logint(rng, 1, 12), min(limit, logint(rng, 200, 2500))
    system = author(rng, "answering", 30).write(rng) if rng.random() < 0.5 else ""
    truth = world.tell("gateway", size, requests=total, system=bool(system))
    net = ".".join(addresses(rng, 1)[0].split(".")[:2])
    team = truth.story if rng.random() < 0.5 else ""
    keys = [service(rng, f"{world.name} {truth.story} {n}", team, "litellm/1.74.2", net) for n in range(size)]
    people = [(speaker(rng), person(rng, world.calendar)) for _ in range(80)]
    for _ in range(total):
        speaks, moment = skewed(rng, people, 1)
        time = moment(rng, 0, world.calendar.days)
        world.send(rng.choice(keys), time, asked(speaks.ask(rng), system), truth)


def nightly(rng: Random, world: World) -> None:
    """Add CI jobs: the same prompts at the same hour, night after night."""
    size, steps = logint(rng, 1, 15), logint(rng, 2, 12)
    items, template = bank(rng, "en"), fixed(rng, "user", author(rng, some_purpose(rng, 0.3), 25))
    texts = [template.fill(rng, items.item(rng)) for _ in range(steps)]
    team = rng.random() < 0.5
    truth = world.tell("nightly CI", size, steps=steps, organisation=team)
    nights = min(int(world.calendar.days), 1500 // (size * steps) + 1)
    for number in range(size):
        account = service(rng, f"{world.name} {truth.story} {number}", truth.story if team else "")
        hour = rng.uniform(0, 24)
        for night in range(nights):
            start = world.calendar.at(night, hour) + rng.uniform(0, 300)
            for time, messages in zip(sitting(rng, start, steps, 8), texts, strict=True):
                world.send(account, time, messages, truth)


def quickstart(rng: Random, world: World) -> None:
    """Add the example from a provider's documentation: newcomers send it, unchanged or nearly."""
    size = logint(rng, 20, 300)
    text = bank(rng, "en", 2.5).item(rng)
    truth = world.tell("quickstart example", size)
    for number in range(size):
        account = human(rng, f"{world.name} {truth.story} {number}")
        moment = person(rng, world.calendar)
        for time in sitting(rng, moment(rng, 0, world.calendar.days), rng.choice((1, 1, 2, 5))):
            world.send(account, time, asked(text), truth)


def resold(rng: Random, world: World, limit: int) -> None:
    """Add a vendor whose customers each bring a key: programs with one template, each on its own data."""
    size, words = logint(rng, 8, 120), logint(rng, 20, 200)
    template = fixed(rng, "system", author(rng, some_purpose(rng, 0.3), words), rng.choice((1, 1, 3)))
    total = min(limit, size * logint(rng, 4, 80))
    truth = world.tell("vendor's customers", size, words=words, requests=total)
    common = program(rng, world.calendar) if rng.random() < 0.4 else None
    for number, wanted in enumerate(spread(rng, total, size, rng.uniform(0.3, 1.5))):
        account: Account = service(rng, f"{world.name} {truth.story} {number}")
        plan, window, items = common or program(rng, world.calendar), world.joined(rng, 90), bank(rng)
        for _ in range(wanted):
            world.send(account, plan(rng, *window), template.fill(rng, items.item(rng)), truth)


def optimiser(rng: Random, world: World, limit: int) -> None:
    """Add a company that lets a program improve its instructions over a fixed set of inputs."""
    size, items = logint(rng, 1, 12), logint(rng, 5, 80)
    writer, source = author(rng, some_purpose(rng, 0.4), logint(rng, 20, 120)), bank(rng)
    texts, total = [source.item(rng) for _ in range(items)], min(limit, logint(rng, 100, 2000))
    team = rng.random() < 0.6
    truth = world.tell("prompt optimiser", size, items=items, requests=total, organisation=team)
    keys = [service(rng, f"{world.name} {truth.story} {n}", truth.story if team else "") for n in range(size)]
    plan, window = program(rng, world.calendar), world.window(rng, 0.05)
    while total > 0:
        template = fixed(rng, "system", writer, 2)
        start = plan(rng, *window)
        for time, text in zip(sitting(rng, start, len(texts), 4), texts, strict=True):
            world.send(rng.choice(keys), time, template.fill(rng, text), truth)
        total -= items
