"""What a search found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render.text import count, logged, moment, quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from indexes.search import Match

SHOWN = 300


def matches(found: Sequence[Match], console: Console) -> None:
    """Print the prompts found, each with why and who sent it."""
    from rich.text import Text

    if not found:
        console.print("nothing similar")
    for place, match in enumerate(found):
        if place:
            console.print()
        console.print(Text(why(match), style="bold"))
        line = Text("  ")
        line.append_text(logged(match.request_id, 48))
        line.append(", ")
        line.append_text(logged(match.account or "no account", 40))
        console.print(line, no_wrap=True, overflow="ellipsis")
        console.print(_sent(match), no_wrap=True, overflow="ellipsis")
        quote(logged(match.text or "(the index keeps no texts)", SHOWN), console)


def why(match: Match) -> str:
    """Say how a prompt is like the query, what the match rests on first."""
    likeness = {
        "copy": f"{match.jaccard:.0%} the same wording",
        "span": f"holds {match.containment:.0%} of the text",
        "meaning": "" if match.cosine is None else f"meaning {match.cosine:.2f}",
    }
    first = likeness.pop(match.by, "")
    rest = [likeness.get("span") if match.containment else "", likeness.get("meaning")]
    return f"{match.by}: " + ", ".join(part for part in (first, *rest) if part)


def _sent(match: Match) -> object:
    from rich.text import Text

    line = Text(f"  {moment(match.timestamp)}, model ", style="dim")
    line.append_text(logged(match.model or "unknown", 30))
    return line.append(f"; {count(match.requests, 'request')} of {count(match.accounts, 'account')}")
