"""`promptprint repair`: back to a generation that is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options

Generation = Annotated[
    int, typer.Option("--to-generation", metavar="N", min=0, help="A generation that `verify` calls whole.")
]


def repair(index: options.Index, generation: Generation, as_json: options.Json = False) -> None:
    """Go back to an older generation; what was added after it is lost.

    Logs that were read later are read again by the next `promptprint index`.
    """
    import msgspec

    from cli import streams
    from cli.render.text import count
    from indexes.repair import repair as go_back

    manifest = go_back(index, generation).manifest
    requests = sum(segment.requests for segment in manifest.segments)
    if as_json:
        streams.write_json(
            msgspec.json.encode(
                {
                    "schema_version": 1,
                    "generation": manifest.generation,
                    "repaired_from": generation,
                    "requests": requests,
                    "files": len(manifest.inputs),
                }
            )
        )
    else:
        held = f"{count(requests, 'request')} of {count(len(manifest.inputs), 'log')}"
        if manifest.generation == generation:
            typer.echo(f"generation {generation} is whole and the newest: {held}; nothing was lost")
        else:
            typer.echo(
                f"generation {manifest.generation} is generation {generation} again: {held}; "
                "index later logs again"
            )
