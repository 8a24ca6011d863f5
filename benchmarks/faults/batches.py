"""One log at once, in thirty pieces, and in thirty pieces with kills: the same report, byte for byte?

python -m benchmarks.faults.batches [--requests 14995] [--batches 30] [--seed 1]
"""

from __future__ import annotations

import argparse
import hashlib
import random
from pathlib import Path

import numba

from benchmarks.faults import results, sample
from benchmarks.faults.kills import attempt, content
from benchmarks.kept import parsed

numba.config.THREADING_LAYER = "workqueue"  # the default one does not survive a fork


def run(requests: int, batches: int, seed: int) -> dict[str, object]:
    """Return whether the reports are equal, and how many kills there were."""
    draw, kills = random.Random(seed), 0
    with sample.scratch() as folder:
        lines = sample.lines(requests)
        size = -(-len(lines) // batches)
        whole = sample.write(folder / "whole.jsonl", lines)
        logs = [
            sample.write(folder / f"{start:08}.jsonl", lines[start : start + size])
            for start in range(0, len(lines), size)
        ]
        sample.append(folder / "at once", whole)
        for log in logs:
            sample.append(folder / "in batches", log)
        for log in logs:
            for seconds in (0.1, 0.2, 0.4):
                kills += attempt(folder / "with kills", [log], draw.uniform(0, seconds))[0]
            sample.append(folder / "with kills", log)
        reports = {name: _report(folder / name) for name in ("at once", "in batches", "with kills")}
    return {
        "requests": len(lines),
        "batches": len(logs),
        "kills": kills,
        "identical": len(set(reports.values())) == 1,
        "reports_sha256": reports,
    }


def _report(root: Path) -> str:
    """Return the hash of what `campaigns --json --members` prints."""
    return hashlib.sha256(content(root)[1]).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=14_995)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    results.keep(
        "batches", options, seed=options.seed, **run(options.requests, options.batches, options.seed)
    )


if __name__ == "__main__":
    main()
