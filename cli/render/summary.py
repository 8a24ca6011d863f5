"""What an ingest did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.render.text import count

if TYPE_CHECKING:
    from rich.console import Console

    from indexes.ingest import IngestSummary


def summary(done: IngestSummary, console: Console) -> None:
    """Print what was added, or that nothing was new."""
    if done.files + done.files_known == 0:
        console.print("no log was read")
        return
    if done.files == 0:
        console.print(f"nothing new: {count(done.files_known, 'file')} already in the index")
        return
    console.print(
        f"{count(done.records_indexed, 'request')} of {count(done.accounts, 'account')} indexed "
        f"from {count(done.files, 'file')} in {done.seconds:.1f} s (generation {done.generation})"
    )
    if done.files_known:
        console.print(f"{count(done.files_known, 'file')} already in the index, left out")
    if done.repeated:
        console.print(f"{count(done.repeated, 'request')} repeated under one id, counted once")
    if done.quarantined:
        console.print(f"{count(done.quarantined, 'line')} could not be read")
