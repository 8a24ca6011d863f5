"""Options that several commands share."""

import math
from pathlib import Path
from typing import Annotated, Literal

import typer


def _a_number(value: float) -> float:
    """Refuse what is no number: nothing reaches it, and nothing lies below it."""
    if math.isnan(value):
        raise typer.BadParameter("nan is no number; give one from 0 to 1")
    return value


Index = Annotated[Path, typer.Option("--index", metavar="DIR", help="The index directory.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Threshold = Annotated[
    float,
    typer.Option(
        "--threshold",
        min=0.0,
        max=1.0,
        callback=_a_number,
        help="The score from which a campaign alerts.",
    ),
]
Pseudonyms = Annotated[
    Path | None,
    typer.Option(
        "--pseudonyms", metavar="KEYFILE", help="Show accounts under names keyed by the secret in this file."
    ),
]
Format = Annotated[
    str | None, typer.Option("--format", metavar="F", help="The log format, where it is not to be guessed.")
]
Map = Annotated[
    str | None, typer.Option("--map", metavar="account=…,ts=…", help="Where fields are, as dotted paths.")
]

Engine = Annotated[
    Literal["local", "spark"],
    typer.Option(help="What does the work: this process, or Spark (see docs/scale.md)."),
]
Master = Annotated[
    str | None, typer.Option(metavar="URL", help="The Spark master of --engine spark; local[2] without it.")
]


def mapped(text: str | None) -> dict[str, str] | None:
    """Return "account=meta.user,ts=time" as a mapping."""
    if text is None:
        return None
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if not pairs or not all(sign for _, sign, _ in pairs):
        raise typer.BadParameter(f"--map: {text!r} is not like account=meta.user,ts=time")
    return {name.strip(): path.strip() for name, _, path in pairs}


def check_master(engine: str, master: str | None) -> None:
    """Refuse a master that nothing would use."""
    if master is not None and engine != "spark":
        raise typer.BadParameter("--master names a Spark master: add --engine spark")
