"""`promptprint verify`: are the index's files what was published?"""

from __future__ import annotations

import typer

from cli import options, streams


def verify(index: options.Index, as_json: options.Json = False) -> None:
    """Check every file of an index.

    Exits with 2 when a file is damaged or the index cannot be opened.
    """
    import msgspec

    from cli.safe import visible
    from indexes.verify import verify as check

    health = check(index)
    if as_json:
        streams.write_json(msgspec.json.encode(health))
    elif health.damaged:
        for damage in health.damaged:
            typer.echo(visible(f"{damage.path}: {damage.reason}"))
    else:
        typer.echo(f"{health.files:,} files, {health.bytes:,} bytes, all as published")
    for path in health.leftovers:
        streams.talk(f"{path} belongs to no generation; the next command that writes removes it")
    if health.damaged:
        streams.talk(f"promptprint: {len(health.damaged)} damaged; {_mend(health.whole)}")
        raise typer.Exit(2)


def _mend(whole: tuple[int, ...]) -> str:
    if whole:
        return (
            f"restore from a copy, or go back: promptprint repair --to-generation {whole[-1]} "
            "(and index later logs again)"
        )
    return "restore from a copy, or index the logs anew"
