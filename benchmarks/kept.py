"""What was measured, kept in results/ with the machine, the versions and the commit it depends on."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PACKAGES = ("msgspec", "numba", "numpy", "pyarrow")


def machine(*packages: str) -> dict[str, Any]:
    """Return what figures depend on. load: the jobs that wanted a core, these here included."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    commit = subprocess.run(
        ["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": [round(load, 1) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in (*PACKAGES, *packages)},
        "commit": commit.stdout.strip(),
    }


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the options; `keep` is whether to keep the results: of a run as it is stated, whose numbers are
    those that the parser has by default, or where --keep asks for it."""
    parser.add_argument("--keep", action="store_true", help="keep the results of a run of other sizes, too")
    options = parser.parse_args()
    numbers = (name for name, value in vars(options).items() if type(value) is int)
    options.keep |= all(getattr(options, name) == parser.get_default(name) for name in numbers)
    return options


def text_of(document: dict[str, Any]) -> str:
    """Return a document of results as it is written."""
    return json.dumps(document, indent=1) + "\n"


def write(path: Path, document: dict[str, Any]) -> str:
    """Write a document of results as JSON, indented, its keys in their order; return it as written."""
    text = text_of(document)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return text


def keep(name: str, part: str, figures: Any, *packages: str) -> None:
    """Put the figures of one part of an experiment into results/NAME.json; its other parts stay."""
    path = RESULTS / f"{name}.json"
    document = json.loads(path.read_bytes()) if path.exists() else {}
    write(path, document | {part: {"machine": machine(*packages), "figures": figures}})
