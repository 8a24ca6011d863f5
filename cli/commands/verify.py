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
    from indexes.workspace import Workspace

    workspace = Workspace.open(index, complete=False)
    damaged = workspace.damaged()
    files = workspace.manifest.files
    size = sum(file.size for file in files)
    if as_json:
        streams.write_json(
            msgspec.json.encode(
                {
                    "schema_version": 1,
                    "generation": workspace.manifest.generation,
                    "files": len(files),
                    "bytes": size,
                    "damaged": damaged,
                }
            )
        )
    elif damaged:
        for complaint in damaged:
            typer.echo(visible(complaint))
    else:
        typer.echo(f"{len(files):,} files, {size:,} bytes, all as published")
    if damaged:
        streams.talk(f"promptprint: {len(damaged)} of {len(files)} files are damaged; index the logs anew")
        raise typer.Exit(2)
