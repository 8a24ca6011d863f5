"""A small text grammar: files of alternatives with slots, expanded at random.

A file holds rules. `== name` opens a rule, each line below is one alternative, and
` | ` separates several alternatives on a line. `{name}` stands for any alternative of
that rule, `{name:2}` for another one, and `\\n` for a line break. Inside one set of
bindings a slot keeps its value, so that a follow-up speaks of the same thing as the
question before it:

    == prompt
    What goes well with {fruit}?
    == follow
    And if the {fruit} is not ripe?
    == fruit
    mango | pear | quince
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

Rules = dict[str, tuple[str, ...]]
Bindings = dict[str, str]

SLOT = re.compile(r"\{([a-z_]+)(:\d)?\}")
QUESTION = re.compile(
    r"((?:^|(?<=[.!?]\s))"
    r"(?:can|could|would|are|is|what|how|why|which|should|do|does|where|when|any chance)\b"
    r"[^.?!\n]*)\.(?=\s|$)",
    re.IGNORECASE,
)
ARTICLE = re.compile(r"\b([Aa]) (?=[aeio](?!ne\b|u))")
SENTENCE_START = re.compile(r"(^|[.!?] )([a-zà-ü])")


def parse(text: str) -> Rules:
    """Return the rules of a grammar file; lines before the first rule are commentary."""
    rules: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("== "):
            name = line[3:].strip()
            rules.setdefault(name, [])
        elif name and line.strip():
            rules[name] += [part.replace("\\n", "\n") for part in line.split(" | ")]
    return {rule: tuple(lines) for rule, lines in rules.items()}


@cache
def read(name: str) -> str:
    """Return the text of `demo/texts/<name>.txt`."""
    return files("demo").joinpath("texts", *f"{name}.txt".split("/")).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Grammar:
    """Rules and the means to draw a text from them."""

    rules: Rules

    def draw(self, rng: Random, rule: str = "prompt", bound: Bindings | None = None) -> str:
        """Return one expansion of `rule`; `bound` remembers slot values between draws."""
        return self.fill(rng, rng.choice(self.rules[rule]), {} if bound is None else bound)

    def fill(self, rng: Random, template: str, bound: Bindings) -> str:
        """Return `template` with every slot expanded."""

        def value(slot: re.Match[str]) -> str:
            key = slot[0]
            if key not in bound:
                taken = {text for other, text in bound.items() if other.startswith("{" + slot[1])}
                choices = self.rules[slot[1]]
                free = [text for text in choices if text not in taken] or list(choices)
                bound[key] = self.fill(rng, rng.choice(free), bound)
            return bound[key]

        return SLOT.sub(value, template)


@cache
def load(name: str) -> Grammar:
    """Return the grammar `name`, which may also use the phrases of `common`."""
    return Grammar(parse(read("common")) | parse(read(name)))


def tidy(text: str) -> str:
    """Mend what expansion leaves behind: articles, question marks, capitals."""
    text = ARTICLE.sub(r"\1n ", text)
    text = QUESTION.sub(r"\1?", text)
    return SENTENCE_START.sub(lambda found: found[1] + found[2].upper(), text)
