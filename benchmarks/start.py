"""How long commands take to start: `promptprint --help` and the help of every command.

python benchmarks/start.py [--runs 7]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = ("", "demo", "formats", "index", "campaigns", "show", "search", "verify")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    program = shutil.which("promptprint", path=str(Path(sys.executable).parent)) or "promptprint"
    for command in COMMANDS:
        seconds = []
        for _ in range(runs):
            started = time.perf_counter()
            subprocess.run([program, *command.split(), "--help"], check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - started)
        name = f"promptprint {command} --help".replace("  ", " ")
        print(f"{name:32} median {statistics.median(seconds):.2f} s, most {max(seconds):.2f} s")


if __name__ == "__main__":
    main()
