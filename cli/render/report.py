"""The list of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render.text import count, days, score, template

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from campaigns.report import Campaign, CampaignReport

OTHER_COLUMNS = 60
"""What the columns before the template take; it gets three lines of the rest."""


def report(found: CampaignReport, console: Console, *, every: bool = False) -> None:
    """Print the alerts, and with `every` the candidates below the threshold."""
    below = [c for c in found.campaigns if not c.alert]
    size = f"{count(found.requests, 'request')} of {count(found.accounts, 'account')}"
    console.print(f"{count(len(found.alerts), 'campaign')} in {size}")
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
    table = _table()
    room = max(3 * (console.width - OTHER_COLUMNS) - 8, 40)
    for c in campaigns:
        table.add_row(
            c.id, score(c.score), f"{c.account_count:,}", f"{c.request_count:,}", days(c.first, c.last),
            template(c.template, room),
        )  # fmt: skip
    console.print()
    console.print(table)


def _table() -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("campaign", no_wrap=True, style="bold")
    for name in ("score", "accounts", "requests"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("days", no_wrap=True)
    table.add_column("template", overflow="fold")
    return table
