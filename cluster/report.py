"""The report by Spark: stages find what text has in common; statistics and words are the local ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from campaigns.accounts import Senders
from campaigns.families import Families
from campaigns.kept import report_of, software
from campaigns.report import THRESHOLD, CampaignReport
from cluster.copies import near_copies
from cluster.index import work_folder
from cluster.numbers import number
from cluster.stages import Stages
from cluster.templates import find_families
from indexes.snapshot import Snapshot


def report_by(
    spark: SparkSession,
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Callable[[str], None] = lambda _: None,
) -> CampaignReport:
    """Return the snapshot's report, as `campaigns.kept.report_of` does."""
    name = f"{snapshot.workspace.manifest_sha256[:8]}{software()[:8]}"
    work = work_folder(snapshot.workspace.root) / f"campaigns-{name}"
    stages = Stages(spark, f"{work}/stages", "1", progress)

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
    return report
