"""Word problems whose answers are computed, so that a shown answer is the right one."""

from collections.abc import Callable
from math import comb
from random import Random

from demo.grammar import load

ANSWERS: dict[str, Callable[[int, int, int], int]] = {
    "product": lambda a, b, c: a * b - c,
    "remainder": lambda a, b, c: int(f"{a}{b}") % c,
    "rate": lambda a, b, c: 60 * a * b // (a + b),
    "choose": lambda a, b, c: comb(a, 2) * comb(a - 2, 2),
    "percent": lambda a, b, c: b * 100 * (100 + a) * (100 - c) // 10_000,
    "modulus": lambda a, b, c: (pow(a, b, 10) + c) % 10,
    "path": lambda a, b, c: (a - c) ** 2 + b**2,
}


def problem(rng: Random) -> tuple[str, str]:
    """Return a word problem and its answer."""
    kind = rng.choice(list(ANSWERS))
    a, b, c = rng.randint(7, 48), rng.randint(4, 60), rng.randint(3, 27)
    text = load("problems").draw(rng, kind, {"{a}": str(a), "{b}": str(b), "{c}": str(c)})
    return text[0].upper() + text[1:], str(ANSWERS[kind](a, b, c))
