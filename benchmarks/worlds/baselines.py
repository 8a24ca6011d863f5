"""What simple rules reach on the same worlds: a text, or its first 50 characters, in five hands."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from worlds.accounts import Messages
from worlds.build import account_id
from worlds.scoring import HELD, PURE, Answers
from worlds.story import World

HANDS = 5
_DIGITS, _SPACE = re.compile(r"\d"), re.compile(r"\s+")


def _normal(text: str) -> str:
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def whole(messages: Messages) -> str:
    """Return the whole prompt, normalised."""
    return _normal(" ".join(m["content"] for m in messages if m["role"] != "assistant"))


def beginning(messages: Messages) -> str:
    """Return its first 50 characters without digits."""
    return _DIGITS.sub("", whole(messages))[:50]


RULES: dict[str, Callable[[Messages], str]] = {
    "exact text, 5 accounts": whole,
    "first 50 characters, 5 accounts": beginning,
}


def baselines(world: World) -> dict[str, Any]:
    """Return, for each rule, the campaigns found and the innocents flagged."""
    answers = Answers(world)
    return {name: _judged(world, answers, rule) for name, rule in RULES.items()}


def _judged(world: World, answers: Answers, rule: Callable[[Messages], str]) -> dict[str, Any]:
    hands: dict[str, set[str]] = defaultdict(set)
    for sent in world.sent:
        hands[rule(sent.messages)].add(account_id(sent.account.name))
    flagged, held = set[str](), defaultdict[str, set[str]](set)
    for accounts in hands.values():
        if len(accounts) < HANDS:
            continue
        flagged |= accounts
        if answers.purity(tuple(accounts)) >= PURE:
            for account in accounts & answers.owner.keys():
                held[answers.owner[account]].add(account)
    return {
        "found": sorted(s for s, size in answers.sizes.items() if len(held[s]) >= HELD * size),
        "innocents_flagged": len(flagged & answers.innocents),
    }
