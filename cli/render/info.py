"""What an index holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render.text import count, heading, logged

if TYPE_CHECKING:
    from rich.console import Console

    from indexes.info import Info

_INPUTS_SHOWN = 20


def info(found: Info, console: Console) -> None:
    """Print generations, sizes, settings and inputs."""
    texts = "texts kept" if found.with_text else "no texts kept"
    console.print(
        f"generation {found.generation}: {count(found.requests, 'request')}, "
        f"{count(found.texts, 'distinct text')}, {found.bytes:,} bytes, {texts}"
    )
    heading("generations", console)
    for one in found.generations:
        console.print(
            f"  {one.generation}: {count(one.requests, 'request')} in {count(one.segments, 'segment')} "
            f"from {count(one.inputs, 'log')}, {one.bytes:,} bytes"
        )
    heading("files", console)
    for kind, size in found.bytes_by_kind.items():
        console.print(f"  {kind}: {size:,} bytes")
    for vectors in found.vectors:
        console.print(logged(f"  {vectors.name}: {vectors.vectors:,} vectors of {vectors.model}", 200))
    heading("settings", console)
    settings = found.settings
    console.print(f"  key {settings.key_id}, {settings.num_perm} permutations")
    console.print(f"  shingles {settings.shingles}, spans {settings.spans}")
    heading("logs", console)
    for log in found.inputs[:_INPUTS_SHOWN]:
        console.print(logged(f"  {log.path}", 200), overflow="fold")
        console.print(f"    {count(log.records, 'request')}, {count(log.quarantined, 'line')} left out")
    if len(found.inputs) > _INPUTS_SHOWN:
        console.print(f"  and {len(found.inputs) - _INPUTS_SHOWN:,} more")
