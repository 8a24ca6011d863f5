"""What logs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cli.render.text import bullets, heading, logged, quote
from cli.safe import visible

if TYPE_CHECKING:
    from rich.console import Console

    from promptlog import FileDescription


def descriptions(files: Sequence[FileDescription], console: Console) -> None:
    """Print each file's format, problems and records."""
    for place, file in enumerate(files):
        if place:
            console.print()
        _description(file, console)


def _description(file: FileDescription, console: Console) -> None:
    from rich.text import Text

    console.print(Text(visible(file.path), style="bold"), overflow="fold")
    packed = "" if file.container == "plain" else f", {file.container}"
    if file.format == "unknown":
        console.print(f"  no known format{packed}")
    else:
        share = f"{file.prompt_share:.0%} of the records hold prompt text"
        console.print(f"  {file.format}{packed}, {file.confidence:.0%} sure; {share}")
    if file.problems:
        bullets(file.problems, console, "!", "yellow")
    for number, record in enumerate(file.records, 1):
        heading(f"  record {number}", console)
        for name, value in record.items():
            _field(name, value, console)


def _field(name: str, value: object, console: Console) -> None:
    from rich.text import Text

    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if value in (None, "", False):
        return
    text = str(value)
    if name in ("system", "first_user", "last_user"):
        console.print(f"  {name}")
        quote(Text(visible(text, lines=True)), console)
    else:
        line = Text().append(f"  {name}: ", style="dim")
        line.append_text(logged(text, 200))
        console.print(line, overflow="fold")
