"""A campaign's plan: every parameter, drawn at random, and what limits them together."""

from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from worlds.chance import logint, loguniform, weighted
from worlds.instructions import LOCAL, NEUTRAL, TRAINING


@dataclass(frozen=True)
class Plan:
    """What an operator decides. `each` are the template's requests of one account on average."""

    accounts: int
    each: int
    mixing: float
    """Share of the accounts' traffic that is innocent."""
    purpose: str
    tongue: str
    kind: str
    words: int
    wordings: int
    """Fixed wordings of the template; 0 where every request is worded afresh."""
    padding: float
    hidden: float
    disguise: str
    """How letters are hidden: invisible characters, or look-alikes."""
    inputs: str
    """What fills the slots: a bank, real prompts, or a few that are asked in ever other ways."""
    repeated: float
    dealt: str
    """How inputs come to accounts: at random, or by subject, so that each has its own kind."""
    schedule: str
    """clock, office, bursts, night, or people: hours like those of the crowd."""
    roster: str
    """parallel, staggered, rotation or succession of the accounts."""
    pace: str
    """spread over an account's time, or in a session or two."""
    load: str
    window: float
    """Share of the log that the campaign lasts; a log is often cut out of a longer campaign."""
    metadata: str
    turns: int
    """Requests of one task: agents and characters are led through several."""
    aged: float
    """Share of the accounts with an ordinary life before and after."""

    @property
    def requests(self) -> int:
        """Requests in all, cover traffic included."""
        return round(self.accounts * self.each / (1 - self.mixing))

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name, rounded."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def some_plan(rng: Random, traffic: int, **given: Any) -> Plan:
    """Return a plan that takes .01 to 20 % of `traffic`; what is given is not drawn."""
    for _ in range(1000):
        plan = _drawn(rng, given)
        share = plan.accounts * plan.each / traffic
        if given or (1e-4 <= share <= 0.2 and plan.requests <= 0.35 * traffic):
            return plan
    raise RuntimeError("no plan fits")


def _drawn(rng: Random, given: dict[str, Any]) -> Plan:
    kind = weighted(rng, {"system": 3, "user": 3, "both": 1, "prefix": 1.5, "suffix": 2})
    inputs = weighted(rng, {"bank": 4, "real": 1, "few": 0.5})
    if kind in ("prefix", "suffix"):
        inputs = "real"
    shared: dict[str, Any] = {
        "accounts": logint(rng, 8, 1000),
        "each": 1 if rng.random() < 0.04 else logint(rng, 4, 200),
    }
    purpose = given.get("purpose") or rng.choice(TRAINING if rng.random() < 0.6 else NEUTRAL)
    led = purpose in ("agent", "roleplay", "coding") and rng.random() < 0.4
    return Plan(
        **shared
        | {
            "mixing": rng.choice((0, 0, rng.uniform(0, 0.9))),
            "purpose": purpose,
            "tongue": "en" if rng.random() < 0.7 else rng.choice(LOCAL),
            "kind": kind,
            "words": logint(rng, 8, 60) if kind in ("prefix", "suffix") else logint(rng, 12, 300),
            "wordings": weighted(rng, {1: 5 * (inputs != "few"), 0: 2, logint(rng, 2, 40): 3}),
            "padding": rng.choice((0, 0, 0, rng.random())),
            "hidden": rng.choice((0, 0, 0, 0, rng.uniform(0.01, 0.2))),
            "disguise": rng.choice(("invisible", "look-alikes")),
            "inputs": inputs,
            "repeated": rng.choice((0, rng.uniform(0, 0.3))),
            "dealt": weighted(rng, {"at random": 5, "by subject": 1}),
            "schedule": weighted(rng, {"clock": 4, "office": 2, "bursts": 2, "night": 1, "people": 1.5}),
            "roster": weighted(rng, {"parallel": 3, "staggered": 2, "rotation": 2, "succession": 2}),
            "pace": weighted(rng, {"spread": 3, "sessions": 1}),
            "load": weighted(rng, {"even": 2, "poisson": 2, "hot": 1.5}),
            "window": 1.0 if rng.random() < 0.35 else loguniform(rng, 0.03, 1),
            "metadata": weighted(rng, {"proxies": 3, "one network": 1, "blank": 1, "crowd": 1}),
            "turns": rng.randint(2, 8) if led else 1,
            "aged": rng.choice((0, 0, rng.random())),
        }
        | given
    )
