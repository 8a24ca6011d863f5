"""`promptprint demo`: the whole tool on a log that it brings along."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, streams

if TYPE_CHECKING:
    from campaigns.report import CampaignReport
    from cli.planted import Comparison
    from indexes.ingest import IngestSummary
    from indexes.search import Match

KEY = hashlib.sha256(b"promptprint demo").digest()
"""No secret: with one key the demo prints the same every time."""
QUERY = "Here is a problem together with its final answer. Write the reasoning that leads to it."
LOG, INDEX = "demo-log.jsonl", "index"

Directory = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", help="Where log and index go; temporary without it."),
]


def demo(directory: Directory = None, as_json: options.Json = False) -> None:
    """Try everything on a log that comes along.

    The log is three weeks of invented traffic with planted campaigns; at the end, what was
    found is compared with what was planted.
    """
    import msgspec

    from campaigns.kept import report_of
    from cli.planted import compare
    from cli.progress import reading, reporter
    from demo import build
    from indexes.ingest import ingest
    from indexes.search import search
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    folder = directory or Path(tempfile.mkdtemp(prefix="promptprint-demo-"))
    with reporter() as show:
        show("writing the log")
        planted = build()
        log = _written(folder, b"".join(msgspec.json.encode(row) + b"\n" for row in planted.requests))
        workspace = Workspace.open_or_create(folder / INDEX, key=KEY)
        done = ingest(workspace, [log], progress=lambda progress: show(reading(progress)))
        snapshot = Snapshot(Workspace.open(folder / INDEX))
        report = report_of(snapshot, progress=show)
        matches = search(snapshot, QUERY, limit=3)
    compared = compare(report, snapshot.requests, planted.truth)
    if as_json:
        streams.write_json(
            msgspec.json.encode(
                {
                    "schema_version": 1,
                    "directory": str(folder),
                    "index": done,
                    "report": report.without_members(),
                    "search": {"query": QUERY, "matches": matches},
                    "truth": compared,
                }
            )
        )
    else:
        _show(folder, done, report, matches, compared)


def _show(
    folder: Path, done: IngestSummary, report: CampaignReport, matches: Sequence[Match], compared: Comparison
) -> None:
    from cli.render.campaign import campaign
    from cli.render.matches import matches as render_matches
    from cli.render.report import report as render_report
    from cli.render.summary import summary
    from cli.safe import visible

    console = streams.console()
    log, index = (shlex.quote(str(folder / name)) for name in (LOG, INDEX))
    run = program()
    commands = [f"{run} index {log} --index {index}", f"{run} campaigns --index {index}"]
    best = next(iter(report.alerts), None)

    def step(command: str) -> None:
        typer.echo(f"\n$ {visible(command)}\n")

    step(commands[0])
    summary(done, console)
    step(commands[1])
    render_report(report, console)
    if best is not None:
        commands.append(f"{run} show {best.id} --index {index}")
        step(commands[-1])
        campaign(best, console, limits=report.limits)
    commands.append(f"{run} search {shlex.quote(QUERY)} --limit 3 --index {index}")
    step(commands[-1])
    render_matches(matches, console)
    typer.echo(f"\n{compared.sentence}")
    typer.echo(f"\nThe log and its index stay in {visible(str(folder))}. Go on with:")
    for command in [*commands[1:], f"{run} formats {log} --records 1", f"{run} --help"]:
        typer.echo(f"  {visible(command)}")


def program() -> str:
    """Return what to type to run this program: its path where the shell does not find its name."""
    path = sys.argv[0]
    if shutil.which("promptprint") or not (os.path.isfile(path) and os.access(path, os.X_OK)):
        return "promptprint"
    return shlex.quote(path)


def _written(folder: Path, log: bytes) -> Path:
    """Write the log, unless it is there; a file of another content is nobody's to replace."""
    from promptlog.errors import PromptprintError

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOG
    if not path.exists():
        path.write_bytes(log)
    elif path.read_bytes() != log:
        raise PromptprintError(f"{path} is there already and is not the demo's log; choose another --dir")
    return path
