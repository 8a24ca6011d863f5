"""`promptprint erase`: records removed for good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import options, streams
from cli.commands.search import moment

Account = Annotated[
    list[str] | None, typer.Option("--account", metavar="A", help="An account; may be given several times.")
]
Accounts = Annotated[
    Path | None, typer.Option("--accounts-from", metavar="FILE", help="A file of accounts, one a line, or -.")
]
Before = Annotated[
    str | None,
    typer.Option("--before", metavar="DATE", help="All requests before this day or ISO time (UTC)."),
]


def erase(
    index: options.Index,
    account: Account = None,
    accounts_from: Accounts = None,
    before: Before = None,
    as_json: options.Json = False,
) -> None:
    """Remove records, their texts, fingerprints and vectors, and all older generations.

    Exits with 1 when nothing was there to remove, and with 2 while somebody still reads an older
    generation, which keeps its files.
    """
    import msgspec

    from cli.render.text import count
    from indexes.erase import erase as remove

    accounts = [*(account or ()), *_listed(accounts_from)]
    if not accounts and before is None:
        raise typer.BadParameter("say what to erase: --account, --accounts-from or --before")
    done = remove(index, accounts=accounts, before_us=moment(before, "--before"))
    if as_json:
        streams.write_json(msgspec.json.encode(done))
    elif done.requests or done.paths:
        typer.echo(
            f"erased {count(done.requests, 'request')} of {count(done.accounts, 'account')}, "
            f"{count(done.texts, 'text')}, {count(done.vectors, 'vector')}, "
            f"the names in {count(done.paths, 'path')} (generation {done.generation})"
        )
    else:
        others = "" if done.still_read else ", the only one that is kept"
        typer.echo(f"nothing to erase in generation {done.generation}{others}")
    if done.still_read:
        read = ", ".join(map(str, done.still_read))
        streams.talk(
            f"promptprint: not complete: generation {read} is being read and keeps its files; "
            "run the command again when that has ended"
        )
        raise typer.Exit(2)
    if not done.requests and not done.paths:
        raise typer.Exit(1)


def _listed(path: Path | None) -> list[str]:
    """Return the accounts of a file, one a line; lines that are empty do not count."""
    from promptlog.errors import PromptprintError

    if path is None:
        return []
    content = sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
    try:
        return [line.removesuffix("\r") for line in content.decode().split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise PromptprintError(f"{path}: the accounts to erase are not UTF-8") from None
