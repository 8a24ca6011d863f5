"""Texts that people share: prompt libraries, fads, homework, recipes from a blog, a workshop."""

from random import Random

from worlds.accounts import PERSON, Account, asked, human
from worlds.chance import logint, loguniform
from worlds.clock import HOUR, person, sitting
from worlds.instructions import author, bank, grammar
from worlds.products import some_purpose, some_tongue
from worlds.salad import some_subject
from worlds.story import World
from worlds.templates import fixed
from worlds.voices import speaker


def somebody(rng: Random, world: World, name: str, others: float = 0.7) -> Account:
    """Return a person, who has also asked other things as often as `others`."""
    account = human(rng, name)
    if rng.random() < others:
        speaks, moment = speaker(rng), person(rng, world.calendar)
        for _ in range(1 + int(rng.paretovariate(1.2)) % 40):
            time = moment(rng, 0, world.calendar.days)
            world.send(account, time, asked(speaks.ask(rng)), PERSON)
    return account


def library(rng: Random, world: World) -> None:
    """Add a prompt from a public collection, used by unrelated people a few times each."""
    size, tongue = logint(rng, 8, 150), some_tongue(rng)
    if tongue == "en" and rng.random() < 0.5:
        text = grammar("en").draw(rng, "library")
        template = fixed(rng, "prefix", author(rng, "answering", 10))
        template = type(template)("prefix", template.author, (text,))
    else:
        writer = author(rng, some_purpose(rng, 0.4), logint(rng, 10, 120), tongue)
        template = fixed(rng, rng.choice(("user", "prefix", "system")), writer)
    uses = loguniform(rng, 1, 12)
    truth = world.tell("prompt library", size, uses=round(uses, 1), purpose=template.author.purpose)
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}")
        moment, window, items = person(rng, world.calendar), world.joined(rng, 20), bank(rng, "", 2.0)
        for _ in range(1 + int(rng.expovariate(1 / uses))):
            world.send(account, moment(rng, *window), template.fill(rng, items.item(rng)), truth)


def viral(rng: Random, world: World) -> None:
    """Add a fad: a wave with a tail, one or two requests a sender, some of them edited."""
    size, edited = logint(rng, 10, 200), rng.random()
    subject = some_subject(rng)
    text = subject.prose(rng, logint(rng, 8, 90))
    first, width = rng.uniform(0, world.calendar.days - 1), loguniform(rng, 0.2, 6)
    truth = world.tell("viral prompt", size, edited=round(edited, 2), width_days=round(width, 1))
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}", 0.9)
        day = min(first + rng.gammavariate(2, width), world.calendar.days - 1)
        time = person(rng, world.calendar)(rng, day, day + 1)
        for moment in sitting(rng, time, rng.choice((1, 1, 1, 2))):
            own = f" {subject.prose(rng, 4)}" if rng.random() < edited else ""
            world.send(account, moment, asked(text + own), truth)


def homework(rng: Random, world: World) -> None:
    """Add the question of one class, sent within days, in one zone, with small changes."""
    size, zone = logint(rng, 12, 80), rng.choice((-8, -5, 0, 1, 2, 5.5, 8))
    subject = some_subject(rng)
    parts = [subject.prose(rng, logint(rng, 15, 60)) for _ in range(rng.choice((1, 1, 3, 6)))]
    first = rng.uniform(0, world.calendar.days - 2)
    length = min(loguniform(rng, 0.3, 7), world.calendar.days - first)
    truth = world.tell("homework", size, parts=len(parts), length_days=round(length, 1))
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}")
        time = person(rng, world.calendar, zone)(rng, first, first + length)
        for moment, part in zip(sitting(rng, time, len(parts)), parts, strict=True):
            end = f" {subject.prose(rng, 5)}" if rng.random() < 0.3 else ""
            world.send(account, moment, asked(part.lower() + end), truth)


def recipe(rng: Random, world: World) -> None:
    """Add a public data-making recipe that unrelated people try, each on a day of their own."""
    size, purpose = logint(rng, 5, 40), some_purpose(rng, 0.85)
    template = fixed(rng, rng.choice(("user", "prefix", "system")), author(rng, purpose, logint(rng, 15, 90)))
    script, most = rng.random(), logint(rng, 4, 60)
    truth = world.tell("public recipe", size, purpose=purpose, most=most, scripts=round(script, 2))
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}")
        day, items = rng.uniform(0, world.calendar.days - 1), bank(rng)
        time = person(rng, world.calendar)(rng, day, day + 1)
        gap = 6 if rng.random() < script else 200
        for moment in sitting(rng, time, rng.randint(3, most), gap):
            world.send(account, moment, template.fill(rng, items.item(rng)), truth)


def workshop(rng: Random, world: World) -> None:
    """Add a conference afternoon: many people, one notebook's template, inputs of their own."""
    size, purpose = logint(rng, 20, 90), some_purpose(rng, 0.5)
    template = fixed(rng, rng.choice(("user", "system")), author(rng, purpose, logint(rng, 15, 90)))
    day, zone, each = rng.randrange(int(world.calendar.days)), rng.choice((-8, -5, 1, 8)), logint(rng, 4, 25)
    truth = world.tell("workshop", size, purpose=purpose, each=each)
    start = world.calendar.at(day, 13 - zone)
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}", 0.4)
        items = bank(rng, "", 2.5)
        for _ in range(1 + rng.randrange(2 * each)):
            time = start + HOUR * rng.triangular(0, 4, 1.5)
            world.send(account, time, template.fill(rng, items.item(rng)), truth)


def contest(rng: Random, world: World) -> None:
    """Add a prompting contest: everybody tries instructions of their own on the same inputs."""
    size, items, purpose = logint(rng, 8, 60), logint(rng, 2, 30), some_purpose(rng, 0.6)
    source, days = bank(rng, "en"), loguniform(rng, 0.2, 10)
    texts = [source.item(rng) for _ in range(items)]
    first = rng.uniform(0, max(0.0, world.calendar.days - days))
    truth = world.tell("prompting contest", size, items=items, purpose=purpose, length_days=round(days, 1))
    for number in range(size):
        account = somebody(rng, world, f"{world.name} {truth.story} {number}")
        moment = person(rng, world.calendar)
        last = min(first + days, world.calendar.days)
        for _ in range(rng.randint(1, 4)):
            own = fixed(rng, "system", author(rng, purpose, logint(rng, 10, 60)))
            tried = rng.sample(texts, rng.randint(1, min(items, 12)))
            for time, text in zip(sitting(rng, moment(rng, first, last), len(tried)), tried, strict=True):
                world.send(account, time, own.fill(rng, text), truth)
