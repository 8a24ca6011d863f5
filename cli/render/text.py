"""Pieces of terminal text: shortened, dated, marked, quoted. All logged text comes through here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cli.safe import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

QUOTE = "  │ "
"""Before every line of a logged text, so that no text can pass for a line of ours."""

SLOT = "{slot}"


def shorten(text: str, length: int) -> str:
    """Return at most `length` characters, the end left out."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def shorten_middle(text: str, length: int) -> str:
    """Return at most `length` characters, the middle left out."""
    if len(text) <= length:
        return text
    head = length // 2
    return text[:head] + "…" + text[len(text) - (length - head - 1) :]


def logged(text: str, length: int, *, style: str = "") -> Text:
    """Return logged text for one line or cell."""
    from rich.text import Text

    # A character can become an escape of ten: cut before and after.
    return Text(shorten(visible(shorten(text, length)), length), style=style)


def count(number: int, noun: str) -> str:
    """Return "1 request", "2 requests"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def score(value: float) -> str:
    """Return a score with two digits; one is never certain."""
    return ">0.99" if value > 0.99 else f"{value:.2f}"


def days(first: str, last: str) -> str:
    """Return the days between two times, the year once: 2026-05-06–05-21.

    >>> days("2026-05-06T07:16:36.821Z", "2026-05-21T14:20:49.031Z")
    '2026-05-06–05-21'
    """
    if not first:
        return "no times"
    start, end = first[:10], last[:10]
    if start == end:
        return start
    return f"{start}–{end[5:] if start[:4] == end[:4] else end}"


def moment(timestamp: str) -> str:
    """Return a time to the second, or "no time"."""
    return f"{timestamp[:10]} {timestamp[11:19]}" if timestamp else "no time"


def template(text: str, length: int, *, lines: bool = False) -> Text:
    """Return a template with its slots set apart, in one line or in its own lines."""
    from rich.text import Text

    shown = Text()
    text = shorten(text, length) if lines else shorten(" ".join(text.split()), length)
    for place, fixed in enumerate(shorten(visible(text, lines=lines), length).split(SLOT)):
        if place:
            shown.append(SLOT, style="cyan")
        shown.append(fixed)
    return shown


def marked(pieces: Iterable[tuple[str, bool]], *, styled: bool) -> Text:
    """Return text whose fixed pieces are bold, or in «…» where there are no styles."""
    from rich.text import Text

    shown = Text()
    for text, fixed in pieces:
        if not fixed:
            shown.append(visible(text))
        elif styled:
            shown.append(visible(text), style="bold underline")
        else:
            shown.append(f"«{visible(text)}»")
    return shown


def quote(text: Text, console: Console) -> None:
    """Print text line by line behind QUOTE."""
    from rich.text import Text

    for line in text.split("\n", allow_blank=True):
        for part in line.wrap(console, max(20, console.width - len(QUOTE))) or [Text()]:
            part.rstrip()
            console.print(Text().append(QUOTE, style="dim").append_text(part))


def heading(text: str, console: Console) -> None:
    """Print a heading with a line of space before it."""
    from rich.text import Text

    console.print()
    console.print(Text(text, style="bold"))


def bullets(lines: Iterable[str], console: Console, mark: str = "-", style: str = "") -> None:
    """Print sentences as a list, wrapped behind their mark."""
    from rich.text import Text

    for line in lines:
        parts = Text(visible(line)).wrap(console, max(20, console.width - 4))
        for place, part in enumerate(parts):
            part.rstrip()
            console.print(Text("    ") + part if place else Text("  ") + Text(f"{mark} ", style=style) + part)


def has_styles(console: Console) -> bool:
    """Return whether bold will be seen."""
    return console.color_system is not None
