"""Power: how recall depends on one factor while everything else is drawn as ever.

A point is a number of worlds with one campaign each. Factors that are not on the axis and have
to do with size stand still at the middle of the road; evasions, schedules and texts are drawn.
"""

import math
from collections.abc import Iterator
from typing import Any

MIDDLE = {"accounts": 60, "each": 12, "mixing": 0.2}
REPEATS = 8
CROWDS = 12_000
"""Requests of a world, unless its campaign needs more room."""
FACTORS: dict[str, tuple[float, ...]] = {
    "requests per account": (1, 4, 6, 26, 200),
    "accounts": (8, 20, 60, 250, 1000),
    "share of traffic": (0.003, 0.01, 0.05, 0.2),
    "share of innocent traffic mixed in": (0, 0.3, 0.5, 0.7, 0.9),
    "words of a fixed suffix": (8, 12, 20, 40),
}


def given(factor: str, value: float) -> dict[str, Any]:
    """Return what `build` is given for one point of a curve."""
    plan: dict[str, Any] = dict(MIDDLE)
    if factor == "requests per account":
        plan["each"] = int(value)
    elif factor == "accounts":
        plan["accounts"] = int(value)
    elif factor == "share of traffic":
        plan |= {"accounts": 40, "each": 6, "mixing": 0.0}
        return plan | {"campaigns": 1, "traffic": round(240 / value)}
    elif factor == "share of innocent traffic mixed in":
        plan["mixing"] = value
    else:
        plan |= {"kind": "suffix", "words": int(value), "inputs": "real"}
    requests = plan["accounts"] * plan["each"] / (1 - plan["mixing"])
    return plan | {"campaigns": 1, "traffic": max(CROWDS, round(3 * requests))}


def jobs(seed: int, repeats: int = REPEATS) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and parameters of every world of every curve."""
    for factor, values in FACTORS.items():
        for value in values:
            for repeat in range(repeats):
                yield f"power:{factor}:{value}:{seed}:{repeat}", given(factor, value)


def curves(results: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the points of every curve: recall with a 90 % Wilson interval, and the median score."""
    points: dict[str, list[dict[str, Any]]] = {}
    for factor, values in FACTORS.items():
        for value in values:
            start = f"power:{factor}:{value}:"
            told = [c for r in results if r["world"].startswith(start) for c in r["campaigns"]]
            if told:
                found, scores = sum(c["found"] for c in told), sorted(c["score"] for c in told)
                low, high = wilson(found, len(told))
                points.setdefault(factor, []).append(
                    {
                        "value": value,
                        "worlds": len(told),
                        "recall": round(found / len(told), 3),
                        "low": round(low, 3),
                        "high": round(high, 3),
                        "median_score": scores[len(scores) // 2],
                    }
                )
    return points


def wilson(hits: int, trials: int, z: float = 1.645) -> tuple[float, float]:
    """Return the Wilson interval of a share (1927); 90 % for the usual `z`."""
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z / (1 + square / trials) * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    return max(0.0, middle - half), min(1.0, middle + half)
