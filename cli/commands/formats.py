"""`promptprint formats`: what is this log, and will it be read?"""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options, streams

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Logs; - reads standard input.")]
Records = Annotated[
    int,
    typer.Option(metavar="N", min=0, max=10_000, help="Show the first N as they would be indexed."),
]


def formats(
    files: Files,
    records: Records = 0,
    format: options.Format = None,
    mapping: options.Map = None,
    as_json: options.Json = False,
) -> None:
    """Say what format logs have and how readable they are, by --format and --map where they are given.

    Exits with 1 when no file has a known format, with 2 when one cannot be read.
    """
    from dataclasses import replace

    import msgspec

    import promptlog
    from cli.files import named, spelt
    from cli.render import formats as render
    from promptlog.reader import given_format

    fields = options.mapped(mapping)
    given_format(format, fields)
    described, failed = [], False
    for path in named(files):
        try:
            found = promptlog.describe(path, records, format=format, mapping=fields)
            described.append(
                replace(
                    found, path=spelt(found.path), problems=[spelt(problem) for problem in found.problems]
                )
            )
        except promptlog.LogError as error:
            streams.talk(f"promptprint: {error}")
            failed = True
    if not described and not failed:
        streams.talk(
            f"promptprint: no file in {', '.join(files)} (hidden ones and linked folders do not count)"
        )
    if as_json:
        streams.write_json(msgspec.json.encode({"schema_version": 1, "files": described}))
    else:
        render.descriptions(described, streams.console())
    if failed:
        raise typer.Exit(2)
    if all(file.format == "unknown" for file in described):
        raise typer.Exit(1)
