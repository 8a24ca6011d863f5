"""An index made by Spark: logs or a table → segments → repeats left out → one generation.

The segments are those of the local path, in the logs' order, so the index opens with every command
and gives the local report. All of it lies where every executor sees it; what stages leave lies in a
work folder beside the index until the generation is published, all of it or nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cluster import shares
from cluster.job import Job
from cluster.reading import open_lines, open_shares
from cluster.shares import Found
from cluster.stages import ROW, Piece, packed, spread
from indexes.ingest import IngestSummary
from indexes.workspace import Workspace
from promptlog.errors import LogError
from promptlog.reader import given_format

_FILES = 64  # looked at by one task


def index_files(
    spark: SparkSession,
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Append the requests of log files that are not in the index yet, as `indexes.ingest.ingest` does.

    Of logs given at once, only those of equal content are known to be the same: a log and what it has
    grown to since are to be indexed one after the other. Raises LogError for an unknown format.
    """
    given, started = given_format(format, mapping), time.monotonic()
    names = [os.path.abspath(path) for path in paths]
    stats = [os.stat(name) for name in names if os.path.exists(name)]
    what: list[str | bytes] = [
        f"{format} {mapping}",
        *map(os.fsencode, names),
        *(f"{s.st_size} {s.st_mtime_ns}" for s in stats),
    ]
    with workspace.writing() as writer:
        job = Job(spark, writer, what, progress)
        inputs, task = list(writer.inputs), job.task

        def look(number: int) -> Iterator[Piece]:
            for place in range(number * _FILES, min((number + 1) * _FILES, len(names))):
                yield place, msgspec.json.encode(shares.look(names[place], given, inputs))

        rows = job.stages.rows("logs", lambda: spread(spark, -(-len(names) // _FILES), look))
        found = [msgspec.json.decode(blob, type=Found) for _, blob in rows]
        units = shares.cut(names, found, len(inputs), 2 * spark.sparkContext.defaultParallelism)

        def read(number: int) -> Iterator[Piece]:
            yield number, msgspec.json.encode(task(number).read(open_shares(units[number], given)))

        readings = job.stages.rows("segments", lambda: spread(spark, len(units), read))
        unreadable = [(name, log.reason) for name, log in zip(names, found, strict=True) if log.reason]
        known = sum(not log.content and not log.reason for log in found)
        return job.publish(readings, unreadable, known, started)


def index_table(
    spark: SparkSession,
    workspace: Workspace,
    table: DataFrame,
    *,
    name: str = "table",
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> IngestSummary:
    """Append the rows of a table, each an entry of a log: a known format, or columns mapped to fields.

    The requests' order is that of the table's partitions; each is an input of its own. A table that
    gives other rows when it is read again may not be indexed. What is indexed again counts once by the ids
    of the requests; without ids only if it comes in the same partitions. Raises LogError for an unknown
    format, and for a column that the table has not.
    """
    for path in (mapping or {}).values():
        if not {path, path.partition(".")[0]} & {*table.columns}:
            raise LogError(f"{name} has no column {path}; it has {', '.join(table.columns)}")
    given, started = given_format(format, mapping), time.monotonic()
    lines = table.select(F.to_json(F.struct("*")).alias("line"))
    with workspace.writing() as writer:
        job = Job(spark, writer, [name, f"{format} {mapping}", str(table.semanticHash())], progress)
        before, task = len(writer.inputs), job.task

        def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            context = TaskContext.get()
            assert context is not None
            number = context.partitionId()
            logs = open_lines(f"{name}/{number}", before + number, batches, given)
            yield from packed([(number, msgspec.json.encode(task(number).read(logs)))])

        readings = job.stages.rows("segments", lambda: lines.mapInArrow(read, ROW))
        return job.publish(readings, [], 0, started)
