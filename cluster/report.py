"""The report by Spark: stages find what text has in common; statistics and words are the local ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from campaigns.accounts import Senders
from campaigns.families import Families
from campaigns.kept import report_of, software
from campaigns.report import THRESHOLD, CampaignReport
from cluster.copies import near_copies
from cluster.job import work_folder
from cluster.numbers import number
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

    def engine(
        snapshot: Snapshot, progress: Callable[[str], None]
    ) -> tuple[Families, Senders, NDArray[np.int64]]:
        progress("numbers")
        senders = Senders.of(snapshot.requests, len(snapshot.text_of))
        numbers = number(snapshot, senders, work / "numbers")
        copies = near_copies(stages, numbers)
        return find_families(stages, numbers, senders, copies), senders, copies

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
