"""The crowd: individuals with lives of their own, and API customers whose programs never sleep."""

from dataclasses import replace
from random import Random

from worlds.accounts import PERSON, asked, digest, human, service
from worlds.chance import logint, loguniform, spread, weighted
from worlds.clock import person, program, sitting
from worlds.instructions import NEUTRAL, TRAINING, author, bank
from worlds.salad import some_subject
from worlds.story import World
from worlds.templates import fixed
from worlds.voices import speaker

DEFAULTS = (
    "You are a helpful assistant.",
    "You are ChatGPT, a large language model trained by OpenAI. Follow the user's instructions carefully. "
    "Respond using markdown.",
    "You are a helpful, respectful and honest assistant. Always answer as helpfully as possible, while being "
    "safe. If a question does not make any sense, explain why instead of answering something not correct.",
    "You are an AI programming assistant. Follow the user's requirements carefully and to the letter. "
    "Keep your answers short and impersonal.",
    "The assistant is friendly and knowledgeable. The current date is supplied by the client. It gives "
    "concise responses to simple questions and thorough responses to complex and open-ended questions.",
)


def crowd(rng: Random, world: World, requests: int, accounts: int) -> None:
    """Add honest accounts that have little to do with each other."""
    programs = round(rng.uniform(0.1, 0.4) * accounts)
    share = rng.uniform(0.2, 0.5)
    individuals(rng, world, round(requests * (1 - share)), accounts - programs)
    customers(rng, world, round(requests * share), programs)


def individuals(rng: Random, world: World, requests: int, accounts: int) -> None:
    """Add people: sittings, conversations, old prompts again, default system prompts."""
    default = rng.uniform(0, 0.3)
    truth = PERSON
    stay = loguniform(rng, 2, 60)
    for number, wanted in enumerate(spread(rng, requests, accounts, rng.uniform(0.8, 1.6))):
        account = human(rng, f"{world.name} person {number}")
        speaks = speaker(rng, rng.choice(DEFAULTS) if rng.random() < default else "")
        moment, window = person(rng, world.calendar), world.joined(rng, stay)
        chatty, again = rng.choice((0, 0.2, 0.7)), rng.choice((0, 0.05, 0.2))
        old = ""
        while wanted > 0:
            size = min(wanted, 1 + int(rng.expovariate(0.7)))
            if size > 1 and rng.random() < chatty:
                visit = speaks.conversation(rng, size)
            else:
                visit = [
                    asked(old if old and rng.random() < again else speaks.ask(rng), speaks.system)
                    for _ in range(size)
                ]
            old = visit[-1][-1]["content"]
            for time, messages in zip(sitting(rng, moment(rng, *window), size), visit, strict=True):
                world.send(account, time, messages, truth)
            wanted -= size


def customers(rng: Random, world: World, requests: int, accounts: int) -> None:
    """Add programs: most have a template of their own, some share a consultant's among a few."""
    counts = spread(rng, requests, accounts, rng.uniform(1.0, 1.8))
    alone = world.tell("program", accounts)
    number = 0
    while number < accounts:
        group = min(accounts - number, logint(rng, 2, 9)) if rng.random() < 0.05 else 1
        truth = world.tell("semi-shared program", group) if group > 1 else alone
        words = logint(rng, 8, 250)
        writer = author(rng, rng.choice(NEUTRAL + TRAINING), words)
        if rng.random() < 0.9:  # the grammar is too small to give hundreds of programs words of their own
            writer = replace(writer, sentences=(), manual=some_subject(rng).prose(rng, words))
        template = fixed(rng, weighted(rng, {"system": 3, "user": 3, "prefix": 1, "suffix": 1}), writer)
        templated = group > 1 or rng.random() < 0.75
        for _ in range(group):
            account = service(rng, f"{world.name} program {number}")
            moment, window = program(rng, world.calendar), world.joined(rng, loguniform(rng, 3, 90))
            items, team = bank(rng), digest(number)[:4]
            for _ in range(counts[number]):
                item = f"{team} {items.item(rng)}" if rng.random() < 0.05 else items.item(rng)
                messages = template.fill(rng, item) if templated else asked(item)
                world.send(account, moment(rng, *window), messages, truth)
            number += 1
