"""One campaign on one screen: what was sent, by whom, and what speaks for and against it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.text import Text

from cli.render.surer import surer
from cli.render.text import (
    bullets,
    count,
    days,
    has_styles,
    heading,
    logged,
    marked,
    quote,
    score,
    shorten,
    shorten_middle,
    template,
)
from cli.render.timeline import timeline

if TYPE_CHECKING:
    from rich.console import Console

    from campaigns.report import Campaign, Example, Piece, Reason

TEMPLATE = 600
EXAMPLE = 420
FIXED, SLOT = 200, 60
LEAST_WEIGHT = 0.06  # odds × 1.15; lighter reasons are named, and told in --json
NO_TEXT = "(no text kept)"


def campaign(found: Campaign, console: Console, *, limits: Iterable[str] = ()) -> None:
    """Print everything about a campaign that fits a screen; the rest is in --json."""
    _headline(found, console)
    _template(found, console)
    _reasons(found, console)
    _examples(found, console)
    heading("What would make it surer", console)
    bullets(surer(found), console)
    if limits:
        heading("What this cannot tell", console)
        bullets(limits, console)


def _headline(found: Campaign, console: Console) -> None:
    verdict = "campaign" if found.alert else "candidate, no alert"
    line = Text(found.id, style="bold")
    line.append(f"  {verdict}, score {score(found.score)}", style="")
    if (without := score(found.score_without_metadata)) != score(found.score):
        line.append(f" ({without} without network and client fields)")
    console.print(line)
    console.print(_odds(found), style="dim")
    console.print(f"{count(found.account_count, 'account')}, {count(found.request_count, 'request')}")
    console.print(timeline(found.daily), style="green")


def _odds(found: Campaign) -> str:
    """Say how often honest traffic looks like this, and what it would then be."""
    return (
        f"Among 100,000 honest accounts no more than some {found.look_alikes:.2g} groups score so much. "
        f"If it is honest, it is rather {_other(found)}."
    )


def _other(found: Campaign) -> str:
    """Name the likelier of the honest explanations, which reasons are weighed against."""
    return "one party with several keys" if found.crowd < 0.5 else "a crowd with one product or phrase"


def _template(found: Campaign, console: Console) -> None:
    heading("Template", console)
    missing = "(no fixed text)" if any(e.pieces for e in found.examples) else NO_TEXT
    quote(template(found.template or missing, TEMPLATE, lines=True), console)
    if found.variants:
        more = f" ({found.wordings} wordings in all)" if found.wordings > 1 + len(found.variants) else ""
        heading(f"Also sent by these accounts{more}", console)
        for variant in found.variants:
            quote(template(variant, TEMPLATE // 3, lines=True), console)


def _reasons(found: Campaign, console: Console) -> None:
    weighty = [r for r in found.reasons if abs(r.weight) >= LEAST_WEIGHT]
    of_text = [r for r in weighty if not r.metadata]
    other = _other(found)
    for_it, against = [r for r in of_text if r.speaks_for], [r for r in of_text if not r.speaks_for]
    _list(f"What speaks for it, rather than for {other}", "+", "red", for_it, console)
    _list(f"What speaks against it, and for {other}", "-", "blue", against, console)
    network = [r for r in weighty if r.metadata]
    if network:
        heading("Network and client fields (not in the score without them)", console)
        for reason in network:
            mark, style = ("+", "red") if reason.speaks_for else ("-", "blue")
            bullets([_sentence(reason)], console, mark, style)
    if light := [r.signal for r in found.reasons if abs(r.weight) < LEAST_WEIGHT]:
        console.print(f"Looked at, and of no weight here: {', '.join(light)}", style="dim")


def _list(title: str, mark: str, style: str, reasons: list[Reason], console: Console) -> None:
    heading(title, console)
    bullets([_sentence(r) for r in reasons] or ["nothing that was looked at"], console, mark, style)


def _sentence(reason: Reason) -> str:
    """Return the reason with how much it multiplies the odds."""
    return f"{reason.text} [odds {'×' if reason.speaks_for else '÷'} {10 ** abs(reason.weight):.2g}]"


def _examples(found: Campaign, console: Console) -> None:
    styled = has_styles(console)
    how = "underlined" if styled else "in «…»"
    heading(f"Examples (what belongs to the template is {how})", console)
    for example in found.examples:
        console.print(_caption(example), overflow="fold")
        quote(marked(_short(example.pieces), styled=styled) if example.pieces else Text(NO_TEXT), console)


def _caption(example: Example) -> Text:
    line = Text("  ")
    line.append_text(logged(example.request_id, 48))
    line.append(", ")
    line.append_text(logged(example.account, 40))
    where = "" if example.segment == "first_user" else f", {example.segment.replace('_', ' ')}"
    return line.append(f", {days(example.timestamp, example.timestamp)}{where}", style="dim")


def _short(pieces: Iterable[Piece]) -> Iterable[tuple[str, bool]]:
    """Yield the pieces with long ones cut in the middle, until the example is long enough."""
    left = EXAMPLE
    for piece in pieces:
        if left <= 0:
            yield "…", False
            return
        text = shorten_middle(piece.text, FIXED if piece.fixed else SLOT)
        yield shorten(text, max(20, left)), piece.fixed
        left -= len(text)
