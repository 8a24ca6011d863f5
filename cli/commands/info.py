"""`promptprint info`: what an index holds."""

from __future__ import annotations

from cli import options, streams


def info(index: options.Index, as_json: options.Json = False) -> None:
    """Show an index's generations, sizes, settings and inputs."""
    import msgspec

    from cli.render import info as render
    from indexes.info import info as describe

    found = describe(index)
    if as_json:
        streams.write_json(msgspec.json.encode(found))
    else:
        render.info(found, streams.console())
