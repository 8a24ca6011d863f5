"""What was measured, kept with the machine, the versions and the seed."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "results" / "faults"


def keep(name: str, **figures: Any) -> None:
    """Print the figures of an experiment and write them to results/faults/NAME.json."""
    document = {
        "experiment": name,
        **figures,
        "machine": {
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "versions": {each: version(each) for each in ("numpy", "pyarrow", "numba", "msgspec", "faiss-cpu")},
    }
    text = json.dumps(document, indent=1, sort_keys=False) + "\n"
    sys.stdout.write(text)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(text)
