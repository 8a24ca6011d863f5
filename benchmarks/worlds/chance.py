"""Distributions that the worlds draw from."""

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


def loguniform(rng: Random, low: float, high: float) -> float:
    """Return a number between `low` and `high` whose logarithm is uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def logint(rng: Random, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`, log-uniformly."""
    return max(low, min(high, round(loguniform(rng, low, high))))


def poisson(rng: Random, mean: float) -> int:
    """Return a Poisson number; a rounded normal one for large means."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def weighted(rng: Random, choices: dict[T, float]) -> T:
    """Return one of the keys, as often as its weight says."""
    return rng.choices(list(choices), list(choices.values()))[0]


def skewed(rng: Random, items: Sequence[T], skew: float) -> T:
    """Return an item; the first ones are the popular ones, the more so the greater `skew`."""
    return items[min(len(items) - 1, int(len(items) * rng.random() ** (1 + skew)))]


def spread(rng: Random, total: int, count: int, sigma: float) -> list[int]:
    """Return `count` whole numbers of at least 1 whose sum is near `total`, log-normally uneven."""
    weights = [rng.lognormvariate(0, sigma) for _ in range(count)]
    scale = total / sum(weights)
    return [max(1, int(weight * scale + rng.random())) for weight in weights]
