"""What was measured, kept in results/faults with what it depends on."""

from __future__ import annotations

import sys
from typing import Any

from benchmarks import kept


def keep(name: str, **figures: Any) -> None:
    """Print the figures of an experiment and write them to results/faults/NAME.json."""
    document = {"experiment": name, **figures, "machine": kept.machine("faiss-cpu")}
    sys.stdout.write(kept.write(kept.RESULTS / "faults" / f"{name}.json", document))
