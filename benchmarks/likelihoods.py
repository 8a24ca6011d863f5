"""Learn what signals count from random worlds, and write campaigns/likelihoods.toml.

    python benchmarks/likelihoods.py [--worlds 180] [--seed 6000] [--jobs 2] [--findings FILE]

What the signals find in the candidates of each world is written to FILE, a line each; a FILE that exists
is taken as it is, so that fitting again takes seconds. Seeds below 1000 are kept for published
figures (`detection.py`): never learn on them. The table says how it was made.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from worlds import fitting, table  # noqa: E402
from worlds.gathering import findings  # noqa: E402

from campaigns import judge, likelihoods  # noqa: E402

FOLDS = 5
PER_100_000 = 15
"""Honest accounts, of 100,000, that alerts may hold in unseen worlds."""
SCORES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def main() -> None:
    """Gather, fit, write."""
    options = _options()
    if not options.findings.exists():
        _gather(options)
    decoder = msgspec.json.Decoder()
    groups = [decoder.decode(line) for line in options.findings.read_bytes().splitlines()]
    names = sorted({name for group in groups for name in group["x"]} - set(judge.ARGUED))
    fields = {name for group in groups for name in group["metadata"]}
    told = [group for group in groups if judge.TOLD in group["x"]]
    with_fields = Learnt.of(told, names, frozenset(fields))
    without = Learnt.of(groups, [name for name in names if name not in fields], frozenset())
    likelihoods.TABLE.write_text(
        table.text(
            f"{len({g['world'] for g in groups})} worlds from seed {options.seed}, {len(groups):,} groups",
            with_metadata=with_fields.model,
            without_metadata=without.model,
            scores=SCORES,
            per_100_000=with_fields.reached(),
        ),
        "utf-8",
    )
    print(f"with network and client fields: {with_fields}")
    print(f"without: {without}")


@dataclass(frozen=True)
class Learnt:
    """A model, and what models like it, learnt on other worlds, make of the groups.

    scores: (groups,) those of the groups. innocents: accounts that belong to no campaign, in all worlds.
    """

    groups: list[fitting.Group]
    model: likelihoods.Likelihoods
    scores: NDArray[np.float64]
    innocents: int

    @classmethod
    def of(cls, groups: list[fitting.Group], names: list[str], fields: frozenset[str]) -> Learnt:
        """Learn the curves of some signals, and the prior that flags few enough innocents."""
        odds = _log_odds(_unseen(groups, names, fields))
        innocents = sum({group["world"]: group["innocents"] for group in groups}.values())
        prior = -_threshold(groups, odds, PER_100_000 * innocents / 1e5)
        known = [group for group in groups if fitting.clear(group)]
        return cls(
            groups, fitting.fit(known, names, prior, fields), 1 / (1 + 10 ** -(odds + prior)), innocents
        )

    def reached(self) -> list[float]:
        """Return how many honest groups reach each of SCORES, per 100,000 innocents."""
        honest = self.scores[[group["purity"] < 0.5 for group in self.groups]]
        return [max(1, int((honest >= score).sum())) * 1e5 / self.innocents for score in SCORES]

    def __str__(self) -> str:
        real = {(g["world"], g["campaign"]): 0.0 for g in self.groups if fitting.found(g)}
        for group, score in zip(self.groups, self.scores.tolist(), strict=True):
            if fitting.found(group):
                real[group["world"], group["campaign"]] = max(score, real[group["world"], group["campaign"]])
        found = sum(score > 0.5 for score in real.values())
        false = sum(s > 0.5 and g["purity"] < 0.5 for g, s in zip(self.groups, self.scores, strict=True))
        return (
            f"{found} of {len(real)} gathered campaigns, {false} false alerts, {self.innocents:,} innocents"
        )


def _unseen(groups: list[fitting.Group], names: list[str], fields: frozenset[str]) -> NDArray[np.float64]:
    """Return each group's probability by likelihoods learnt on other worlds."""
    worlds = sorted({group["world"] for group in groups})
    fold = {world: number % FOLDS for number, world in enumerate(worlds)}
    scores = np.zeros(len(groups))
    for number in range(FOLDS):
        others = [g for g in groups if fold[g["world"]] != number and fitting.clear(g)]
        model = fitting.fit(others, names, 0.0, fields)
        for place, group in enumerate(groups):
            if fold[group["world"]] == number:
                crowd, party = model.odds(group["x"])
                argued = sum(group["x"].get(name, 0.0) for name in fields.intersection(judge.ARGUED))
                scores[place] = likelihoods.probability((crowd + argued, party + argued))
    return scores


def _threshold(groups: list[fitting.Group], odds: NDArray[np.float64], bearable: float) -> float:
    """Return the odds that groups with so many innocents in all, `bearable`, lie above."""
    honest = [place for place in np.argsort(-odds, kind="stable") if groups[place]["purity"] < 0.5]
    innocents = np.cumsum([groups[place]["accounts"] * (1 - groups[place]["purity"]) for place in honest])
    return float(odds[honest[int(np.searchsorted(innocents, bearable, side="right"))]])


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log10(probability / (1 - probability)))


def _gather(options: argparse.Namespace) -> None:
    encode = msgspec.json.encode
    unfinished = options.findings.with_suffix(".part")
    names = [f"mixed:{seed}" for seed in range(options.seed, options.seed + options.worlds)]
    with (
        ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as pool,
        unfinished.open("wb") as out,
    ):
        for number, found in enumerate(pool.map(findings, names)):
            out.writelines(encode(group) + b"\n" for group in found)
            print(f"{number + 1} of {len(names)} worlds", file=sys.stderr)
    unfinished.rename(options.findings)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=180)
    parser.add_argument("--seed", type=int, default=6000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--findings", type=Path, default=Path("findings.jsonl"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
