"""What there is to read: which logs are new, and how they are cut into shares of equal work.

A large log is read by several tasks: each unpacks it from its beginning and parses only the lines of
its share, as parsing is what takes the time. Small logs go to one task together.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from indexes.known import Known
from indexes.manifest import Input
from promptlog.containers import Container
from promptlog.content import Mark
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.reader import ALL, opened

SHARE = 512 << 20
"""Bytes of content that one task reads, about: a minute's work."""

_LEAST = 32 << 20  # a smaller share costs more to begin than to read
_TRIED = 4 << 20  # packed bytes that are unpacked to see how far a log expands


class Found(msgspec.Struct, frozen=True):
    """A log as it was found. content: about how many bytes there are to parse; 0 where nothing is new.

    source: its place among the inputs, where the index knows its beginning, which ends at `mark`.
    """

    size: int
    content: int
    reason: str = ""
    source: int | None = None
    mark: Mark | None = None


class Share(msgspec.Struct, frozen=True):
    """What one task reads of a log: what begins in `part` of its content."""

    path: str
    source: int
    size: int
    mark: Mark | None
    part: tuple[int, int] = ALL


def look(path: str, given: LogFormat | None, inputs: Sequence[Input]) -> Found:
    """Find out whether anything of a log is new; inputs: what the index has read."""
    known = Known(inputs)
    try:
        with opened(path, given, known.marks) as log:
            size = Path(path).stat().st_size
            if known.is_earlier(log):
                return Found(size, 0)
            if log.resumed is None:
                return Found(size, max(_expanded(path, size, log.container), 1))
            source = known.source(log.content, log.resumed)
            new = any(batch.lines and batch.after for batch in log.batches(source))
            left = _expanded(path, size, log.container) - log.resumed.offset
            return Found(size, max(left, 1) if new else 0, "", source, log.resumed)
    except (LogError, OSError) as error:
        return Found(0, 0, str(error))


def _expanded(path: str, size: int, container: Container) -> int:
    """Return about how many bytes a file of so many has unpacked."""
    if container not in (Container.GZIP, Container.ZSTD):
        return size
    with open(path, "rb") as file:
        packed = file.read(_TRIED)
    unpacked = 0
    try:
        with pa.CompressedInputStream(pa.PythonFile(io.BytesIO(packed), mode="r"), container.value) as stream:
            while piece := stream.read(1 << 18):
                unpacked += len(piece)
    except OSError:
        pass  # it was cut
    return int(size * unpacked / max(len(packed), 1))


def cut(paths: Sequence[str], found: Sequence[Found], first_source: int, tasks: int) -> list[list[Share]]:
    """Return what each task reads, in the logs' order; new logs are numbered from `first_source` on.

    Cut for so many tasks at least, as far as that pays, and into shares of SHARE at most.
    """
    total = sum(log.content for log in found)
    each = max(_LEAST, min(SHARE, total // max(tasks, 1) + 1))
    units: list[list[Share]] = [[]]
    room = each
    for path, log in zip(paths, found, strict=True):
        if not log.content:
            continue
        source = log.source if log.source is not None else first_source
        first_source += log.source is None
        pieces = max(1, round(log.content / each))
        before = log.mark.offset if log.mark else 0
        bounds = [before + log.content * i // pieces for i in range(pieces)]
        for part in zip([0, *bounds[1:]], [*bounds[1:], ALL[1]], strict=True):
            if units[-1] and room < log.content // pieces:
                units.append([])
                room = each
            units[-1].append(Share(path, source, log.size, log.mark, part))
            room -= log.content // pieces
    return [unit for unit in units if unit]
