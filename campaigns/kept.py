"""The report of a generation, made once: `campaigns` and `show` ask for it again and again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec

from campaigns.find import find_campaigns
from campaigns.gather import Engine, Ground, Progress
from campaigns.report import THRESHOLD, CampaignReport, encode
from indexes import derived
from indexes.snapshot import Snapshot


def report_of(
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _: None,
    engine: Engine = Ground.of,
) -> CampaignReport:
    """Return the snapshot's report, from its last making where neither index nor software changed."""
    name = f"report-{software()}.json"
    kept = derived.load(snapshot.workspace, name)
    if kept is not None:
        return msgspec.json.decode(kept, type=CampaignReport).at(threshold)
    report = find_campaigns(snapshot, progress=progress, engine=engine)
    derived.save(snapshot.workspace, name, encode(report))
    return report.at(threshold)


@cache
def software() -> str:
    """Return a hash of everything that a report's content depends on besides the index."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for package in ("promptlog", "fingerprint", "indexes", "campaigns", "cluster"):
        for path in sorted((here.parent / package).rglob("*")):
            if path.suffix in (".py", ".toml", ".npz"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
