"""Instructions: what a prompt asks a model to do, for products and for campaigns from one grammar.

An author has a purpose, a language and a choice of sentences. Drawn once it gives a fixed
template; drawn for every request it gives thousands of rewordings of one intent.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from random import Random

from demo.grammar import Bindings, Grammar, parse, tidy
from worlds.salad import Subject, some_subject

TRAINING = ("reasoning", "grading", "synthesis", "agent", "cleaning")
NEUTRAL = ("translation", "summary", "extraction", "roleplay", "answering", "labelling", "coding")
LOCAL = ("zh", "ja", "de", "es", "ru")
"""Languages other than English in which instructions are written."""
_KEPT = ("noun", "who", "field", "name", "tag", "piece", "tongue", "trait")
"""Slots that a rewording leaves as they are."""


@cache
def grammar(tongue: str) -> Grammar:
    """Return the instruction grammar of English or of the other languages."""
    file = "en" if tongue == "en" else "other"
    return Grammar(parse(files("worlds").joinpath("texts", f"{file}.txt").read_text("utf-8")))


@dataclass(frozen=True)
class Author:
    """Writes instructions for one purpose in one language, some `words` long."""

    purpose: str
    tongue: str
    sentences: tuple[str, ...]
    label: str
    kept: tuple[tuple[str, str], ...]
    words: int
    manual: str = ""

    def write(self, rng: Random, reword: float = 0.0) -> str:
        """Return the instruction, its slots filled; `reword` is how likely a rule moves or goes."""
        bound: Bindings = dict(self.kept)
        sentences = list(self.sentences)
        if reword and len(sentences) > 2 and rng.random() < reword:
            sentences.pop(rng.randrange(2, len(sentences)))
        if reword and rng.random() < reword:
            rules = sentences[2:]
            rng.shuffle(rules)
            sentences[2:] = rules
        filled = [self._tidy(grammar(self.tongue).fill(rng, sentence, bound)) for sentence in sentences]
        text = self._space().join(part for part in filled if part)
        return f"{text}\n\n{self.manual}" if self.manual else text

    def _tidy(self, text: str) -> str:
        return tidy(text) if self.tongue == "en" else text

    def _space(self) -> str:
        return "" if self.tongue in ("zh", "ja") else " "


def author(rng: Random, purpose: str, words: int, tongue: str = "en") -> Author:
    """Return an author of instructions of about `words` words: a role, a task, then rules."""
    rules, suffix = grammar(tongue).rules, "" if tongue == "en" else f"_{tongue}"
    if suffix:
        tasks = rules[("training" if purpose in TRAINING else "neutral") + suffix]
        pool = list(rules["rule" + suffix])
    else:
        tasks = rules[f"{purpose}_task"]
        pool = [*rng.sample(rules["rule"], 6), *rules[f"{purpose}_rule"]]
    role = rng.choice(rules["role" + suffix]) if words > 18 and rng.random() < 0.7 else ""
    sentences = [role, rng.choice(tasks)]
    rng.shuffle(pool)
    while pool and sum(_length(text, tongue) for text in sentences) < words - 5:
        sentences.append(pool.pop())
    idiom = rng.uniform(0.03, 0.2)
    sentences = [own(rng, text, idiom, tongue) for text in sentences]
    missing = words - sum(_length(text, tongue) for text in sentences)
    manual = some_subject(rng, tongue).prose(rng, missing) if missing > 25 else ""
    bound: Bindings = {}
    for sentence in sentences:
        grammar(tongue).fill(rng, sentence, bound)
    kept = {slot: value for slot, value in bound.items() if slot.strip("{}").split(":")[0] in _KEPT}
    label = rng.choice(rules["label" + suffix])
    return Author(purpose, tongue, tuple(sentences), label, tuple(kept.items()), words, manual)


def own(rng: Random, text: str, share: float, tongue: str) -> str:
    """Return a sentence with an author's own words strewn in.

    Without them the small grammar would make unrelated products share long exact sentences.
    """
    words, signs = some_subject(rng, tongue).words, tongue in ("zh", "ja")
    pieces = re.findall(r"\{[^}]*\}|\w|\W" if signs else r"\S+", text)
    chance = share / 2 if signs else share
    with_own = [part for piece in pieces for part in (piece, *[rng.choice(words)] * (rng.random() < chance))]
    return ("" if signs else " ").join(with_own)


def _length(text: str, tongue: str) -> int:
    return len(text) // 2 if tongue in ("zh", "ja") else int(len(text.split()) * 1.2)


@dataclass(frozen=True)
class Bank:
    """A source of inputs: problems, documents or questions on one or a few subjects.

    swept: topics that are gone through. numbered: each input begins with the id of a record.
    """

    subjects: tuple[Subject, ...]
    length: float
    swept: tuple[str, ...] = ()
    numbered: bool = False

    def item(self, rng: Random) -> str:
        """Return a fresh input."""
        number = f"{rng.getrandbits(32):08x} " if self.numbered else ""
        return number + self._text(rng)

    def _text(self, rng: Random) -> str:
        if self.swept and rng.random() < 0.9:
            topic, kind, level = (rng.choice(self.swept) for _ in range(3))
            return f"{topic} / {kind} / {level} {rng.randrange(1, 2000)}"
        length = max(3, int(rng.lognormvariate(self.length, 0.5)))
        return rng.choice(self.subjects).prose(rng, min(length, 400))

    def habit(self, rng: Random, spread: float) -> "Bank":
        """Return what one person draws from it: some of the subjects, at a length of their own."""
        subjects = tuple(rng.sample(self.subjects, rng.randint(1, len(self.subjects))))
        return replace(self, subjects=subjects, length=self.length + rng.gauss(0, spread))


def bank(rng: Random, tongue: str = "", middle: float | None = None) -> Bank:
    """Return a bank of inputs of 3 to 300 words; one in eight sweeps a list of topics."""
    name = some_subject(rng, tongue).tongue.name
    subjects = tuple(some_subject(rng, name) for _ in range(rng.choice((1, 2, 4, 10, 30))))
    swept = tuple(subjects[0].prose(rng, 3) for _ in range(rng.randint(15, 60)))
    length = rng.uniform(1.5, 4.6) if middle is None else middle
    return Bank(subjects, length, swept if rng.random() < 0.12 else (), rng.random() < 0.08)
