"""Accounts, and the requests they send before these become log rows."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import NamedTuple

from demo.clock import Person, person

Messages = list[dict[str, str]]

SDKS = ("OpenAI/Python 1.82.0", "OpenAI/Python 1.97.1", "python-httpx/0.28.1")
AGENTS = (
    *SDKS,
    "OpenAI/JS 4.104.0",
    "OpenAI/JS 5.8.2",
    "curl/8.7.1",
    "python-requests/2.32.3",
    "node-fetch/3.3.2",
    "Go-http-client/2.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:139.0) Gecko/20100101 Firefox/139.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/137.0",
)


class Truth(NamedTuple):
    """What a request really is: "campaign", "cover", or a kind of honest traffic; and of which story."""

    label: str
    scenario: str


@dataclass(frozen=True)
class Account:
    """One API key with its habits."""

    name: str
    rhythm: Person
    addresses: tuple[str, ...]
    agent: str
    team: str = ""


@dataclass(frozen=True)
class Sent:
    """One request as its account sent it."""

    account: Account
    time: float
    messages: Messages
    truth: Truth
    end_user: str = ""


def digest(*parts: object) -> str:
    """Return a hex digest that depends on the parts alone."""
    return sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


def address(name: str, number: int = 0) -> str:
    """Return a private IPv4 address; different names rarely share one."""
    octets = bytes.fromhex(digest("address", name, number))[:3]
    return "10." + ".".join(map(str, octets))


def person_account(rng: Random, name: str, agent: str = "", team: str = "") -> Account:
    """Return an account used by a person from one address, now and then from a second."""
    addresses = tuple(address(name, number) for number in range(2 if rng.random() < 0.15 else 1))
    return Account(name, person(rng), addresses, agent or rng.choice(AGENTS), team)


def pool(rng: Random, name: str, size: int) -> list[Account]:
    """Return the accounts of one operator: SDK clients, a few addresses each, nothing else in common."""
    return [
        Account(
            f"{name}-{number}",
            person(rng),
            tuple(address(f"{name}-{number}", hop) for hop in range(rng.randint(2, 4))),
            rng.choice(SDKS),
        )
        for number in range(size)
    ]


def user(text: str, system: str = "") -> Messages:
    """Return the messages of a single-turn request."""
    asked = {"role": "user", "content": text}
    return [{"role": "system", "content": system}, asked] if system else [asked]
