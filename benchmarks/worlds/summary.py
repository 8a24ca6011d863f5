"""All trials in a few numbers: recall, innocents flagged, calibration, the baselines beside them."""

import itertools
from collections import Counter
from statistics import median
from typing import Any

from worlds.baselines import RULES
from worlds.curves import wilson

Trials = list[dict[str, Any]]

MIN_ACCOUNTS, MIN_EACH = 8, 4
EDGES = (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0001)


def summarise(mixed: Trials, honest: Trials) -> dict[str, Any]:
    """Return the benchmark's numbers over worlds with campaigns drawn and worlds without."""
    return {
        "mixed": _numbers(mixed),
        "honest": _numbers(honest),
        "by_parameter": breakdown(mixed),
        "innocents_by_kind": dict(kinds(mixed + honest)),
        "calibration": {"mixed": calibration(mixed), "honest": calibration(honest)},
        "baselines": {name: _baseline(mixed, honest, name) for name in RULES},
    }


def fair(campaign: dict[str, Any]) -> bool:
    """Return whether a campaign is large enough to count in the headline recall."""
    return bool(campaign["accounts"] >= MIN_ACCOUNTS and campaign["each"] >= MIN_EACH)


def _numbers(trials: Trials) -> dict[str, Any]:
    campaigns = [c for t in trials for c in t["campaigns"]]
    counted = [c for c in campaigns if fair(c)]
    found = sum(c["found"] for c in counted)
    innocents, flagged = sum(t["innocents"] for t in trials), sum(t["innocents_flagged"] for t in trials)
    return {
        "worlds": len(trials),
        "campaigns": len(campaigns),
        "found": sum(c["found"] for c in campaigns),
        "counted": len(counted),
        "counted_found": found,
        "recall": round(found / max(1, len(counted)), 4),
        "recall_interval": [round(x, 3) for x in wilson(found, len(counted))] if counted else [],
        "median_recall_of_a_world": _median_recall(trials),
        "median_account_recall": median(c["recall"] for c in counted) if counted else None,
        "innocents": innocents,
        "innocents_flagged": flagged,
        "innocents_per_100k": round(1e5 * flagged / max(1, innocents), 1),
        "median_innocents_per_100k": round(
            median(1e5 * t["innocents_flagged"] / t["innocents"] for t in trials), 1
        ) if trials else None,
        "worlds_with_a_false_campaign": sum(bool(t["false_campaigns"]) for t in trials),
        "alerts": sum(t["alerts"] for t in trials),
        "false_campaigns": sum(len(t["false_campaigns"]) for t in trials),
        "impure_alerts": sum(len(t["impure_alerts"]) for t in trials),
        "seconds": round(sum(sum(t["seconds"].values()) for t in trials), 1),
    }  # fmt: skip


def _median_recall(trials: Trials) -> float | None:
    worlds = [[c["found"] for c in t["campaigns"] if fair(c)] for t in trials]
    shares = [sum(found) / len(found) for found in worlds if found]
    return round(median(shares), 3) if shares else None


def breakdown(trials: Trials) -> dict[str, dict[str, str]]:
    """Return found/planted for the values of each parameter, over the counted campaigns."""
    counted = [c for t in trials for c in t["campaigns"] if fair(c)]
    table: dict[str, dict[str, str]] = {}
    for parameter in (
        "kind",
        "purpose",
        "tongue",
        "schedule",
        "roster",
        "pace",
        "load",
        "metadata",
        "inputs",
        "dealt",
        "turns",
    ):
        table[parameter] = _shares(counted, lambda c, p=parameter: str(c[p]))
    for parameter, edges in {
        "accounts": (8, 20, 60, 200, 1001), "each": (4, 8, 20, 60, 300), "mixing": (0, 0.01, 0.3, 0.6, 1),
        "words": (0, 15, 30, 80, 400), "wordings": (0, 1, 2, 10, 50),
        "padding": (0, 0.01, 2), "hidden": (0, 0.005, 1),
        "repeated": (0, 0.01, 0.15, 1), "window": (0, 0.1, 0.3, 2), "aged": (0, 0.01, 2),
        "share": (0, 0.001, 0.01, 0.05, 1),
    }.items():  # fmt: skip
        table[parameter] = _shares(counted, lambda c, p=parameter, e=edges: _bin(c[p], e))
    return table


def _shares(campaigns: list[dict[str, Any]], key: Any) -> dict[str, str]:
    planted, found = Counter(map(key, campaigns)), Counter(key(c) for c in campaigns if c["found"])
    return {value: f"{found[value]}/{number}" for value, number in sorted(planted.items())}


def _bin(value: float, edges: tuple[float, ...]) -> str:
    low, high = next((a, b) for a, b in itertools.pairwise(edges) if a <= value < b)
    return f"{low}–{high}"


def kinds(trials: Trials) -> list[tuple[str, int]]:
    """Return how many innocents of each kind were flagged."""
    flagged: Counter[str] = Counter()
    for trial in trials:
        for story, number in trial["innocents_by_story"].items():
            flagged[story.rsplit(" ", 1)[0]] += number
    return flagged.most_common()


def calibration(trials: Trials) -> list[dict[str, Any]]:
    """Return, for each bin of scores, how many candidates of 8 accounts or more are campaigns."""
    rows = [row for t in trials for row in t["candidates"] if row[1] >= MIN_ACCOUNTS]
    bins = []
    for low, high in itertools.pairwise(EDGES):
        inside = [row for row in rows if low <= row[0] < high]
        if inside:
            true = sum(row[2] >= 0.5 for row in inside)
            bins.append(
                {
                    "from": low,
                    "to": min(1.0, high),
                    "candidates": len(inside),
                    "mean_score": round(sum(row[0] for row in inside) / len(inside), 3),
                    "campaigns": true,
                    "share": round(true / len(inside), 3),
                }
            )
    return bins


def _baseline(mixed: Trials, honest: Trials, name: str) -> dict[str, Any]:
    counted = [(t, c) for t in mixed for c in t["campaigns"] if fair(c)]
    found = sum(c["story"] in t["baselines"][name]["found"] for t, c in counted)
    everyone = mixed + honest
    flagged = sum(t["baselines"][name]["innocents_flagged"] for t in everyone)
    return {
        "recall": round(found / max(1, len(counted)), 4),
        "innocents_per_100k": round(1e5 * flagged / max(1, sum(t["innocents"] for t in everyone)), 1),
    }
