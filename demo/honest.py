"""Honest people: individuals, fads they share, a class with one essay to write, a blog's recipe."""

from random import Random

from demo.accounts import Account, Messages, Sent, Truth, person_account, user
from demo.clock import DAYS
from demo.grammar import load
from demo.speech import Voice, voice

INDIVIDUALS = 1_500
BUSIEST = 60
VIRAL_WAVES = ((34, 3.0), (48, 6.5), (60, 9.0), (75, 11.0), (90, 13.5), (41, 15.0))  # senders, first day
STUDENTS = 40
COOKS = 8  # people who try the blog's recipe


def individuals(rng: Random) -> tuple[list[Account], list[Sent]]:
    """Return the individuals, and what they ask in sittings of their own."""
    accounts = [person_account(rng, f"person-{number}") for number in range(INDIVIDUALS)]
    sent: list[Sent] = []
    for account in accounts:
        wanted = min(BUSIEST, int(rng.paretovariate(1.3)))
        sent += life(rng, account, voice(rng), wanted)
    return accounts, sent


def life(rng: Random, account: Account, speaker: Voice, wanted: int) -> list[Sent]:
    """Return `wanted` requests of one person, from the day they join to the day they lose interest."""
    first = max(0.0, rng.uniform(-8, DAYS - 1))
    last = min(float(DAYS), first + 1 + rng.expovariate(1 / 9))
    truth, sent, asked = Truth("ordinary", "individuals"), list[Sent](), list[str]()
    while len(sent) < wanted:
        requests = [*visit(rng, speaker, asked)][: wanted - len(sent)]
        times = account.rhythm.sitting(rng, len(requests), first, last)
        sent += [Sent(account, *row, truth) for row in zip(times, requests, strict=True)]
        asked += [request[-1]["content"] for request in requests]
    return sent


def visit(rng: Random, speaker: Voice, asked: list[str]) -> list[Messages]:
    """Return the requests of one visit: a conversation, an old prompt again or edited, or new ones."""
    mood = rng.random()
    if mood < 0.25:
        return speaker.conversation(rng, rng.randint(2, 6))
    if mood < 0.32 and asked:
        return [user(rng.choice(asked), speaker.system)]
    if mood < 0.40:
        first = speaker.ask(rng)
        note = speaker.type(rng, load(speaker.subjects[0]).draw(rng, "detail"))
        return [user(first, speaker.system), user(f"{first} {note}", speaker.system)]
    if mood < 0.44:
        return [user(load("products").draw(rng, "small"), speaker.system)]
    return [user(speaker.ask(rng), speaker.system) for _ in range(rng.choice((1, 1, 1, 2, 3)))]


def viral(rng: Random, accounts: list[Account]) -> list[Sent]:
    """Return six fads: a wave over a few days with a tail, one request a sender, one in four edited."""
    grammar, sent = load("products"), list[Sent]()
    for number, (size, day) in enumerate(VIRAL_WAVES):
        template = grammar.rules["viral"][number]
        for account in rng.sample(accounts, size):
            text = grammar.fill(rng, template, {})
            if rng.random() < 0.25:
                text = f"{text} {grammar.draw(rng, 'viral_edit').strip()}"
            late = min(rng.gammavariate(2.0, 0.9), DAYS - day - 1.5)
            time = account.rhythm.moment(rng, day + late, day + late + 1)
            sent.append(Sent(account, time, user(text), Truth("viral", f"viral prompt {number + 1}")))
    return sent


def homework(rng: Random) -> list[Sent]:
    """Return the essay question of one class, sent within two days, and the pupils' other questions."""
    sent: list[Sent] = []
    for number in range(STUDENTS):
        account = person_account(rng, f"student-{number}")
        text = load("products").draw(rng, "homework")
        text = text.removesuffix(" .") if rng.random() < 0.7 else text.lower()
        sent.append(
            Sent(account, account.rhythm.moment(rng, 8, 10), user(text), Truth("homework", "homework"))
        )
        sent += life(rng, account, voice(rng), rng.choice((0, 0, 1, 2)))
    return sent


def recipe(rng: Random) -> list[Sent]:
    """Return what unrelated people did with a data-generation prompt that they found in a blog."""
    sent: list[Sent] = []
    for number in range(COOKS):
        account = person_account(rng, f"reader-{number}")
        day = 2.0 + 2 * number + rng.random()
        for time in account.rhythm.sitting(rng, rng.randint(5, 30), day, day + 1):
            text = load("products").draw(rng, "recipe")
            sent.append(Sent(account, time, user(text), Truth("recipe", "public recipe")))
        sent += life(rng, account, voice(rng), rng.randint(0, 6))
    return sent


def gateway(rng: Random, requests: int = 500, people: int = 180) -> list[Sent]:
    """Return one key behind which many people sit, each with a voice and a name of their own."""
    account = person_account(rng, "gateway", agent="litellm/1.72.6", team="civic-desk")
    voices = [
        (f"member-{number:03}", voice(rng), person_account(rng, f"m{number}")) for number in range(people)
    ]
    sent: list[Sent] = []
    for _ in range(requests):
        name, speaker, member = voices[min(int(rng.paretovariate(0.6)) - 1, people - 1)]
        time = member.rhythm.moment(rng)
        truth = Truth("gateway", "gateway")
        sent.append(Sent(account, time, user(speaker.ask(rng)), truth, end_user=name))
    return sent
