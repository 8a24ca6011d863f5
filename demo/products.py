"""Honest software: apps, framework templates, a benchmark, a batch job and nightly tests."""

from random import Random

from demo.accounts import Account, Messages, Sent, Truth, address, person_account, user
from demo.clock import DAY, DAYS, Person, at, machine
from demo.grammar import Bindings, Grammar, load, tidy

APPS = (("pantry", "larder/1.8", 90), ("parla", "parla-app/1.2", 130), ("desk", "brightline-help/1.4", 70))
ADOPTERS = 40  # accounts of each framework template
HARNESS_ACCOUNTS, HARNESS_ITEMS = 12, 60
BATCH_ACCOUNTS, BATCH_REQUESTS = 5, 400
CI_ACCOUNTS = 4


def apps(rng: Random) -> list[Sent]:
    """Return the users of three apps: each has one system prompt, gains users slowly and keeps them."""
    sent: list[Sent] = []
    for name, agent, size in APPS:
        inputs = [load("products").draw(rng, f"in_{name}") for _ in range(300)]
        for number in range(size):
            account = person_account(rng, f"{name}-{number}", agent=agent)
            joined = max(0.0, rng.uniform(-6, DAYS - 1.5))
            wanted = min(40, 1 + int(rng.lognormvariate(0.9, 0.9)))
            truth = Truth("app", f"app {name}")
            while wanted > 0:
                requests = session(rng, name, inputs, min(wanted, rng.choice((1, 1, 2, 4))))
                times = account.rhythm.sitting(rng, len(requests), joined, DAYS)
                sent += [Sent(account, *row, truth) for row in zip(times, requests, strict=True)]
                wanted -= len(requests)
    return sent


def session(rng: Random, name: str, inputs: list[str], turns: int) -> list[Messages]:
    """Return one use of an app; popular inputs come again and again."""
    grammar, requests = load("products"), list[Messages]()
    history: Messages = [{"role": "system", "content": grammar.rules[f"app_{name}"][0]}]
    for _ in range(turns):
        text = inputs[min(int(rng.paretovariate(0.5)) - 1, rng.randrange(len(inputs)))]
        history = [*history, {"role": "user", "content": text}]
        requests.append(history)
        history = [*history, {"role": "assistant", "content": grammar.draw(rng, f"re_{name}")}]
    return requests


class Firm:
    """One firm's papers, and the questions its people have about them."""

    def __init__(self, rng: Random) -> None:
        self.grammar: Grammar = load("sectors")
        self.sector = self.grammar.draw(rng, "name")
        self.facts = Bindings()
        sentences = list(self.grammar.rules[self.sector])
        rng.shuffle(sentences)
        self.papers = [self.grammar.fill(rng, sentence, self.facts) for sentence in sentences]
        questions = self.grammar.rules[f"{self.sector}_q"]
        self.questions = [self.grammar.fill(rng, question, self.facts) for question in questions]

    def rag(self, rng: Random) -> str:
        """Return a question with retrieved context."""
        context = "\n".join(rng.sample(self.papers, rng.randint(1, 3)))
        return self.put("rag", context=context, question=rng.choice(self.questions))

    def rephrase(self, rng: Random) -> str:
        """Return a follow-up question to be made to stand alone."""
        first, follow = rng.sample(self.questions, 2)
        history = f"Visitor: {first}\nDesk: {rng.choice(self.papers)}"
        return self.put("rephrase", history=history, follow=f"{rng.choice(('and ', 'ok, ', ''))}{follow}")

    def put(self, template: str, **slots: str) -> str:
        """Return the framework's template with its slots filled."""
        text = load("products").rules[template][0]
        for name, value in slots.items():
            text = text.replace("{" + name + "}", value)
        return text


def frameworks(rng: Random) -> list[Sent]:
    """Return two templates that come with a library: everybody has them, each asks about own papers."""
    sent: list[Sent] = []
    for kind in ("rag", "rephrase"):
        for number in range(ADOPTERS):
            account = person_account(rng, f"{kind}-{number}", agent="OpenAI/Python 1.97.1")
            firm, joined = Firm(rng), max(0.0, rng.uniform(-14, DAYS - 2))
            for _ in range(3 + min(30, int(rng.paretovariate(1.0)))):
                text = firm.rag(rng) if kind == "rag" else firm.rephrase(rng)
                time = account.rhythm.moment(rng, joined)
                sent.append(Sent(account, time, user(text), Truth("framework", f"framework {kind}")))
    return sent


def harness(rng: Random) -> list[Sent]:
    """Return one benchmark run by twelve teams, each in a go, all with the same items."""
    template = load("products").rules["harness"][0]
    items = [template.replace("{item}", tidy(load("facts").draw(rng, "item"))) for _ in range(HARNESS_ITEMS)]
    sent: list[Sent] = []
    for number in range(HARNESS_ACCOUNTS):
        account = person_account(rng, f"bench-{number}", agent="python-httpx/0.28.1")
        time = account.rhythm.moment(rng, 1, DAYS - 2)
        for item in items:
            time += rng.uniform(1, 9)
            sent.append(Sent(account, time, user(item), Truth("evaluation", "benchmark harness")))
    return sent


def batch(rng: Random) -> list[Sent]:
    """Return the extraction job of one organisation: several keys, one team, one address."""
    office = (address("freight-office"),)
    accounts = [
        Account(f"freight-{number}", Person(2), office, "OpenAI/Python 1.82.0", "freight-desk")
        for number in range(BATCH_ACCOUNTS)
    ]
    template, sent = load("products").rules["extract"][0], list[Sent]()
    for time in machine(rng, BATCH_REQUESTS, 9.2, 12.9):
        text = template.replace("{note}", load("products").draw(rng, "note"))
        sent.append(Sent(rng.choice(accounts), time, user(text), Truth("batch", "organisation batch job")))
    return sent


def nightly(rng: Random) -> list[Sent]:
    """Return the same five prompts from four CI jobs, every night."""
    sent: list[Sent] = []
    for number in range(CI_ACCOUNTS):
        account = person_account(rng, f"ci-{number}", agent="node-fetch/3.3.2", team="release-engineering")
        for night in range(DAYS):
            start = at(night, 2 + number / 4) + rng.uniform(0, 120)
            for step, text in enumerate(load("products").rules["ci"]):
                time = min(start + 9 * step + rng.random(), at(night) + DAY)
                sent.append(Sent(account, time, user(text), Truth("ci", "nightly CI")))
    return sent
