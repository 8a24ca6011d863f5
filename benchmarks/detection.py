"""How well the detector finds campaigns in worlds whose every parameter is drawn at random.

    python benchmarks/detection.py [--worlds 50] [--honest 20] [--seed 1] [--repeats 8] [--jobs 2]
                                   [--out benchmarks/results/detection.json] [--keep] [--explain]

A run of other numbers than these is printed only, without --keep. World n is drawn from the seed
`--seed` + n. Seeds below 1000 are kept for published figures: look at others while you change the
detector. Runs from a clone; needs what the project needs, nothing else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import msgspec  # noqa: E402
from kept import parsed  # noqa: E402
from worlds import plots  # noqa: E402
from worlds.curves import curves, jobs  # noqa: E402
from worlds.summary import summarise  # noqa: E402
from worlds.trial import trial  # noqa: E402

Job = tuple[str, dict[str, Any]]


def main() -> None:
    """Run all trials, print what happened, write results and charts."""
    options = _options()
    seeds = range(options.seed, options.seed + max(options.worlds, options.honest))
    with ProcessPoolExecutor(options.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        mixed = _run(pool, [(f"mixed:{s}", {}) for s in seeds[: options.worlds]], options.explain)
        honest = _run(
            pool, [(f"honest:{s}", {"campaigns": 0}) for s in seeds[: options.honest]], options.explain
        )
        power = _run(pool, list(jobs(options.seed, options.repeats)), options.explain)
    result = {"seed": options.seed} | summarise(mixed, honest) | {"power": curves(power)}
    print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    result["worlds"] = [_slim(t) for t in mixed + honest]
    if not options.keep:
        return
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    options.charts.mkdir(parents=True, exist_ok=True)
    if power:
        (options.charts / "power.svg").write_text(plots.power(result["power"]), "utf-8")
    (options.charts / "reliability.svg").write_text(plots.reliability(result["calibration"]), "utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=50, help="worlds with 0 to 6 campaigns")
    parser.add_argument("--honest", type=int, default=20, help="worlds without any")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--repeats", type=int, default=8, help="worlds for each point of a power curve; 0 for none"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "detection.json")
    parser.add_argument("--charts", type=Path, default=HERE.parent / "docs" / "detection")
    parser.add_argument(
        "--explain", action="store_true", help="print the reasons of misses and false campaigns"
    )
    return parsed(parser)


def _run(pool: ProcessPoolExecutor, jobs: Iterable[Job], explain: bool) -> list[dict[str, Any]]:
    results = []
    for result in pool.map(trial, *zip(*jobs, strict=True)) if jobs else ():
        results.append(result)
        found = sum(c["found"] for c in result["campaigns"])
        print(
            f"{result['world']:44} {result['requests']:6} requests  "
            f"found {found}/{len(result['campaigns'])}  "
            f"innocents {result['innocents_flagged']}/{result['innocents']}  "
            f"{result['innocents_by_story'] or ''}  {sum(result['seconds'].values()):.0f} s",
            file=sys.stderr,
            flush=True,
        )
        if explain:
            _explain(result)
    return results


def _explain(result: dict[str, Any]) -> None:
    for missed in (c for c in result["campaigns"] if not c["found"]):
        best = missed.pop("best")
        print(f"\nMISSED in {result['world']}: {missed}", *_reasons(best), sep="\n  ")
    for alert in result["false_campaigns"] + result["impure_alerts"]:
        print(
            f"\nFALSE in {result['world']}: {alert['stories']} {alert['story']}", *_reasons(alert), sep="\n  "
        )


def _reasons(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return ["no candidate holds any of its accounts"]
    size = f"{found['accounts']} accounts, {found['requests']} requests"
    return [
        f"score {found['score']}, {size}, {found['stories']}",
        *found["reasons"],
        f"template: {found['template']}",
    ]


def _slim(result: dict[str, Any]) -> dict[str, Any]:
    """Return a trial without what can be looked up again with --explain."""
    slim = {k: v for k, v in result.items() if k != "candidates"}
    for part in ("false_campaigns", "impure_alerts"):
        slim[part] = [{k: v for k, v in a.items() if k not in ("reasons", "template")} for a in result[part]]
    slim["campaigns"] = [
        {k: v for k, v in c.items() if k != "best"}
        | ({"weights": c["best"]["weights"]} if c.get("best") else {})
        for c in result["campaigns"]
    ]
    return slim


if __name__ == "__main__":
    main()
