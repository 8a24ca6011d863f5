"""What was measured, kept in results/faults with what it depends on."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from benchmarks import kept


def keep(name: str, options: Namespace, **figures: Any) -> None:
    """Print the figures of an experiment, and keep them in results/faults/NAME.json if the options say so."""
    document = {"experiment": name, **figures, "machine": kept.machine("faiss-cpu")}
    path = kept.RESULTS / "faults" / f"{name}.json"
    sys.stdout.write(kept.write(path, document) if options.keep else kept.text_of(document))
