"""The report by Spark: stages find what text has in common; statistics and words are the local ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from campaigns.accounts import Senders
from campaigns.gather import Ground
from campaigns.kept import report_of, software
from campaigns.report import THRESHOLD, CampaignReport
from cluster.copies import near_copies
from cluster.job import work_folder
from cluster.lexical import labels_of
from cluster.naming import number
from cluster.requests import reduced
from cluster.stages import Stages
from cluster.templates import find_families
from indexes.snapshot import Snapshot

_TEXTS = ("id", "first", "last", "template")
_COUNTS = ("account_count", "request_count")
_CLUSTERS = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.int64()) for name in _COUNTS),
        ("score", pa.float64()),
        ("alert", pa.bool_()),
    ]
)
_MEMBERS = pa.schema([("cluster", pa.string()), ("kind", pa.string()), ("name", pa.string())])


def report_by(
    spark: SparkSession,
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Callable[[str], None] = lambda _: None,
) -> CampaignReport:
    """Return the snapshot's report, as `campaigns.kept.report_of` does; write its tables beside the index."""
    name = f"{snapshot.workspace.manifest_sha256[:8]}{software()[:8]}"
    work = work_folder(snapshot.workspace.root) / f"campaigns-{name}"
    stages = Stages(spark, f"{work}/stages", progress)

    def engine(snapshot: Snapshot, progress: Callable[[str], None]) -> Ground:
        if not snapshot.first_request[-1]:
            return Ground.of(snapshot, progress)
        numbers, said = number(stages, snapshot, work / "numbers")
        words = find_families(stages, numbers, near_copies(stages, numbers))
        if not snapshot.workspace.manifest.vectors:
            return reduced(stages, snapshot, numbers, said, words)
        senders = Senders.of(snapshot.requests, len(snapshot.text_of))
        labels = [labels_of(numbers, shard)[0] for shard in range(len(numbers.segments))]
        return Ground.around(snapshot, words, senders, np.concatenate(labels))

    report = report_of(snapshot, threshold=threshold, progress=progress, engine=engine)
    shutil.rmtree(work, ignore_errors=True)
    write_tables(spark, report, work_folder(snapshot.workspace.root))
    return report


def write_tables(spark: SparkSession, report: CampaignReport, folder: Path) -> None:
    """Write the report's clusters and their members as Parquet tables `clusters` and `members`."""
    found = report.campaigns
    clusters = pa.table([[getattr(c, name) for c in found] for name in _CLUSTERS.names], schema=_CLUSTERS)
    members = [
        (c.id, kind, one) for c in found for kind in ("accounts", "requests") for one in getattr(c, kind)
    ]
    columns = list(zip(*members, strict=True)) or [(), (), ()]
    for name, table in (("clusters", clusters), ("members", pa.table(columns, schema=_MEMBERS))):
        spark.createDataFrame(table).write.mode("overwrite").parquet(f"{folder}/{name}")
