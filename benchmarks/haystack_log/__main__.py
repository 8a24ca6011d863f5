"""python -m haystack_log DIR --requests N [--seed S] [--hot identical=N] [--hot band=N], in benchmarks/."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # `fingerprint`, for what collides

from haystack_log.hot import hot_of
from haystack_log.write import write


def main() -> None:
    """Write a log."""
    parser = argparse.ArgumentParser(prog="python -m haystack_log", description="Write a log.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--requests", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hot", action="append", default=[], metavar="identical|band=N")
    options = parser.parse_args()
    size = write(options.folder, options.seed, options.requests, hot_of(options.hot))
    print(f"{size.requests:,} requests of {size.accounts:,} accounts, {size.bytes:,} bytes")


if __name__ == "__main__":
    main()
