"""stdout is data, stderr is talk.

Nothing printed here is read as markup: `[link=…]` in a prompt stays the text it is.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

import typer

from cli.safe import escaped_json, visible

if TYPE_CHECKING:
    from rich.console import Console


def console() -> Console:
    """Return stdout for tables and text; colours on a terminal only, and not with NO_COLOR."""
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            """Leave the exit code to cli.main; rich would exit with 1, which means "nothing found"."""
            raise BrokenPipeError

    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Stdout(color_system=colours, markup=False, highlight=False, emoji=False)


def write_json(document: bytes) -> None:
    """Write one JSON document to stdout, one line unless it brings its own end."""
    typer.echo(escaped_json(document.rstrip(b"\n") + b"\n"), nl=False)


def talk(message: str) -> None:
    """Say something on stderr, in one line; logged text in it is made harmless."""
    typer.echo(visible(message), err=True)


def open_closed() -> None:
    """Let streams that the caller closed (`>&-`) read and write nothing, instead of failing.

    It also keeps their numbers from going to the next file opened.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def forgive_encodings() -> None:
    """Let a terminal that knows no UTF-8 show escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
