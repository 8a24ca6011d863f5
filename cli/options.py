"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Index = Annotated[Path, typer.Option("--index", metavar="DIR", help="The index directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Threshold = Annotated[
    float, typer.Option("--threshold", min=0.0, max=1.0, help="The score from which a campaign alerts.")
]
