"""The list of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render.text import count, days, quote, score, template

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console
    from rich.table import Table

    from campaigns.report import Campaign, CampaignReport

NARROW = 70
"""Below this width no table fits: each campaign gets lines of its own."""
OTHER_COLUMNS = 60
"""What the columns before the template take; it gets three lines of the rest."""


def report(found: CampaignReport, console: Console, *, every: bool = False) -> None:
    """Print the alerts, and with `every` the candidates below the threshold."""
    below = [c for c in found.campaigns if not c.alert]
    size = f"{count(found.requests, 'request')} of {count(found.accounts, 'account')}"
    console.print(f"{count(len(found.alerts), 'campaign')} in {size}")
    if not found.requests:
        console.print("the index holds no requests yet: promptprint index PATH... --index DIR")
    elif not found.accounts:
        console.print("no request names its account, so none can be linked: index again with --map account=…")
    _print(found.alerts, console)
    other = f"below the threshold of {found.threshold:g}, or too small to alert"
    if below and not every:
        console.print(f"\n{count(len(below), 'candidate')} {other}: --all lists them", style="dim")
    elif below:
        console.print(f"\n{count(len(below), 'candidate')} {other}")
        _print(below, console)


def _print(campaigns: tuple[Campaign, ...] | list[Campaign], console: Console) -> None:
    if not campaigns:
        return
    if console.width < NARROW:
        _stack(campaigns, console)
        return
    table = _table(max(len(c.id) for c in campaigns))
    room = max(3 * (console.width - OTHER_COLUMNS) - 8, 40)
    for c in campaigns:
        table.add_row(
            c.id, score(c.score), f"{c.account_count:,}", f"{c.request_count:,}", days(c.first, c.last),
            template(c.template, room),
        )  # fmt: skip
    console.print()
    console.print(table)


def _stack(campaigns: Iterable[Campaign], console: Console) -> None:
    from rich.text import Text

    for c in campaigns:
        console.print()
        line = Text(c.id, style="bold").append(
            f"  {score(c.score)}  {days(c.first, c.last)}", style="not bold"
        )
        console.print(line, soft_wrap=True)  # an id that is broken cannot be copied
        console.print(f"{count(c.account_count, 'account')}, {count(c.request_count, 'request')}")
        quote(template(c.template, 160), console)


def _table(id_width: int) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("campaign", no_wrap=True, style="bold", min_width=id_width)
    for name in ("score", "accounts", "requests"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("days", no_wrap=True)
    table.add_column("template", overflow="fold")
    return table
