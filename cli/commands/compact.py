"""`promptprint compact`: small segments made one."""

from __future__ import annotations

import typer

from cli import options, streams


def compact(index: options.Index, as_json: options.Json = False) -> None:
    """Merge small segments and drop older generations; no answer changes.

    There is no way back to an older generation then, so a damaged index is left as it is.
    """
    import msgspec

    from cli.render.text import count
    from indexes.compact import compact as merge

    done = merge(index)
    if as_json:
        streams.write_json(msgspec.json.encode(done))
    else:
        typer.echo(
            f"generation {done.generation}: {count(done.segments, 'segment')}, {done.bytes:,} bytes "
            f"(before: {count(done.segments_before, 'segment')}, {done.bytes_before:,} bytes)"
        )
    for generation in done.still_read:
        streams.talk(f"generation {generation} is being read and stays; compact again when that has ended")
