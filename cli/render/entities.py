"""One account, or one request in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from cli.render.text import count, heading, logged, moment, quote, score, template
from cli.safe import visible

if TYPE_CHECKING:
    from rich.console import Console

    from campaigns.report import Campaign
    from indexes.lookup import LoggedAccount, LoggedRequest

PROMPT = 300


def account(found: LoggedAccount, campaigns: Sequence[Campaign], console: Console) -> None:
    """Print how much an account sent, what it belongs to, and a few of its prompts."""
    console.print(Text("account ").append_text(logged(found.account, 200, style="bold")), overflow="fold")
    _fields(
        [
            ("named by", found.account_field),
            ("requests", f"{found.requests:,}"),
            ("first", moment(found.first)),
            ("last", moment(found.last)),
            ("models", ", ".join(found.models)),
        ],
        console,
    )
    _campaigns(campaigns, console)
    heading("A few of its prompts", console)
    for request in found.examples:
        line = Text(f"  {moment(request.timestamp)}, ", style="dim")
        console.print(line.append_text(logged(request.request_id, 48)), no_wrap=True, overflow="ellipsis")
        prompt = request.last_user or request.first_user or request.system or request.tools
        quote(logged(prompt or "(no text kept)", PROMPT), console)


def request(found: LoggedRequest, campaigns: Sequence[Campaign], console: Console) -> None:
    """Print a request as it was logged, and where."""
    console.print(Text("request ").append_text(logged(found.request_id, 200, style="bold")), overflow="fold")
    by = f"{found.account} ({found.account_field})" if found.account else "no account"
    _fields(
        [
            ("account", by),
            ("time", moment(found.timestamp)),
            ("model", found.model),
            ("address", found.ip),
            ("client", found.user_agent),
            ("organisation", found.organisation),
            ("session", found.session),
            ("user turns", str(found.user_turns)),
            ("logged in", f"{found.path}, byte {found.offset:,}"),
            ("", "the logger cut the prompt" if found.truncated else ""),
        ],
        console,
    )
    _campaigns(campaigns, console)
    texts = [(name, getattr(found, name)) for name in ("system", "tools", "first_user", "last_user")]
    for name, text in texts:
        if text:
            heading(f"{name.replace('_', ' ')} ({count(len(text), 'character')})", console)
            quote(Text(visible(text, lines=True)), console)
    if not any(text for _, text in texts):
        heading("No text: the request had none, or the index keeps none", console)


def _fields(fields: Iterable[tuple[str, str]], console: Console) -> None:
    for name, value in fields:
        if value:
            line = Text().append(f"  {name:12} ", style="dim")
            console.print(line.append_text(logged(value, 300)), overflow="fold")


def _campaigns(campaigns: Sequence[Campaign], console: Console) -> None:
    heading("Campaigns that hold it" if campaigns else "No campaign holds it", console)
    for found in campaigns:
        alert = "" if found.alert else ", no alert"
        size = count(found.account_count, "account")
        console.print(f"  {found.id}  score {score(found.score)}{alert}, {size}")
        quote(template(found.template, 160), console)
