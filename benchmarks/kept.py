"""What was measured, kept in results/ with the machine and the versions."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"


def keep(name: str, part: str, figures: Any, *packages: str) -> None:
    """Put the figures of one part of an experiment into results/NAME.json; its other parts stay."""
    path = RESULTS / f"{name}.json"
    document = json.loads(path.read_bytes()) if path.exists() else {}
    document[part] = {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": [round(load, 1) for load in os.getloadavg()],
            "python": platform.python_version(),
        },
        "versions": {each: version(each) for each in ("msgspec", "numpy", "pyarrow", *packages)},
        "figures": figures,
    }
    path.write_text(json.dumps(document, indent=1) + "\n")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
