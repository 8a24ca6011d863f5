"""`promptprint verify`: are the index's files what was published?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli import options, streams

if TYPE_CHECKING:
    from indexes.verify import Health


def verify(index: options.Index, as_json: options.Json = False) -> None:
    """Check every file of an index, of all generations it keeps.

    Names each that is damaged, and then exits with 2.
    """
    import msgspec

    from cli.render.text import count
    from cli.safe import visible
    from indexes.verify import verify as check

    health = check(index)
    if as_json:
        streams.write_json(msgspec.json.encode(health))
    elif health.damaged:
        for damage in health.damaged:
            typer.echo(visible(f"{damage.path}: {damage.reason}"))
    else:
        typer.echo(
            f"{count(health.files, 'file')} of {count(len(health.whole), 'generation')}, "
            f"{health.bytes:,} bytes, all as published"
        )
    for path in health.leftovers:
        streams.talk(f"{path} belongs to no generation; the next command that writes removes it")
    if health.damaged:
        damaged = count(len(health.damaged), "file")
        streams.talk(f"promptprint: {damaged} damaged; {_mend(index, health)}")
        raise typer.Exit(2)


def _mend(index: Path, health: Health) -> str:
    if not health.whole:
        return "restore from a copy, or index the logs anew"
    last = health.whole[-1]
    way = f"promptprint repair --index {index} --to-generation {last}"
    if last == health.generation:
        return f"the newest generation is whole; to let go of older ones: {way}"
    return f"restore from a copy, or go back: {way} (and index later logs again)"
