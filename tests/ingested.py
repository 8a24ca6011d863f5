"""Logs that are put into an index, and what came of it."""

from pathlib import Path

from logsamples import line, litellm

from indexes.ingest import IngestSummary, ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

KEY = bytes(range(32))
MARKER = "xylophone-quartz"
BAD = [
    b"{\n",
    b'{"id": "' + MARKER.encode() + b'"\n',
    b"\xff\xfe " + MARKER.encode() + b"\n",
    b'{"a": 1e999}\n',
]


def entries(name: str, count: int) -> list[bytes]:
    return [
        line(
            litellm(
                id=f"{name}-{i}", messages=[{"role": "user", "content": f"Solve {MARKER} {name} {i % 7}"}]
            )
        )
        for i in range(count)
    ]


def add(workspace: Workspace, *paths: Path, **options) -> IngestSummary:
    """Index logs; the workspace as it was opened stays at its generation, like a user's next run."""
    return ingest(Workspace.open(workspace.root), paths, **options)


def ids(workspace: Workspace) -> list[str]:
    return Snapshot(Workspace.open(workspace.root)).requests.ids.to_pylist()


def counts(summary: IngestSummary) -> tuple[int, int, int, int, int]:
    """(files, files known, read, indexed, quarantined)"""
    return (
        summary.files,
        summary.files_known,
        summary.records_read,
        summary.records_indexed,
        summary.quarantined,
    )
