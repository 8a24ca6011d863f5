"""Accounts, what they send, and the story each request belongs to."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import NamedTuple

Messages = list[dict[str, str]]

SDKS = (
    "OpenAI/Python 1.82.0", "OpenAI/Python 1.97.1", "OpenAI/Python 2.1.0", "OpenAI/JS 5.8.2",
    "Anthropic/Python 0.61.0", "python-httpx/0.28.1", "python-requests/2.32.3", "Go-http-client/2.0",
    "litellm/1.74.2", "node-fetch/3.3.2", "axios/1.9.0", "okhttp/4.12.0", "curl/8.7.1",
)  # fmt: skip
BROWSERS = tuple(
    f"Mozilla/5.0 ({system}) {engine}"
    for system in ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
    for engine in ("Chrome/137.0", "Firefox/139.0", "Safari/18.4", "Edg/137.0")
)


class Truth(NamedTuple):
    """What a request really is: "campaign", "cover", or a kind of honest traffic; and of which story."""

    label: str
    story: str


PERSON = Truth("person", "person 1")


@dataclass(frozen=True)
class Account:
    """One API key as the log shows it."""

    name: str
    addresses: tuple[str, ...]
    agents: tuple[str, ...]
    team: str = ""


class Sent(NamedTuple):
    """One request as its account sent it."""

    account: Account
    time: float
    messages: Messages
    truth: Truth


def digest(*parts: object) -> str:
    """Return a hex digest that depends on the parts alone."""
    return sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def addresses(rng: Random, count: int, net: str = "") -> tuple[str, ...]:
    """Return addresses, anywhere or inside one /16 network."""
    net = net or f"{rng.randrange(1, 224)}.{rng.randrange(256)}"
    first = f"{net}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    others = (
        f"{rng.randrange(1, 224)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        for _ in range(count - 1)
    )
    return (first, *others)


def human(rng: Random, name: str, agent: str = "") -> Account:
    """Return the account of a person: at home, or at home and under way, a browser or a library."""
    own = agent or rng.choice(BROWSERS if rng.random() < 0.4 else SDKS)
    return Account(name, addresses(rng, rng.choice((1, 1, 2, 2, 3, 5, 8))), (own,))


def service(rng: Random, name: str, team: str = "", agent: str = "", net: str = "") -> Account:
    """Return the account of a program: mostly one address and one library."""
    team = team or (digest("team", name)[:10] if rng.random() < 0.4 else "")
    return Account(name, addresses(rng, rng.choice((1, 1, 1, 2, 4)), net), (agent or rng.choice(SDKS),), team)


def asked(text: str, system: str = "") -> Messages:
    """Return the messages of a single-turn request."""
    user = {"role": "user", "content": text}
    return [{"role": "system", "content": system}, user] if system else [user]
