"""One trial: build a world, index it, look for campaigns, and score the report."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from campaigns.find import find_campaigns
from campaigns.report import CampaignReport
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace
from worlds.baselines import baselines
from worlds.build import build, payload
from worlds.scoring import score
from worlds.story import World

KEY = bytes(range(32))


def trial(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the score of the world `name`; `given` goes to `build`."""
    began = time.perf_counter()
    world = build(name, **given)
    built = time.perf_counter()
    report = detect(world)
    done = time.perf_counter()
    result = score(world, report)
    result["baselines"] = baselines(world)
    result["seconds"] = {"build": round(built - began, 2), "detect": round(done - built, 2)}
    return result


def detect(world: World) -> CampaignReport:
    """Return the detector's report of a world's log."""
    with indexed(world) as snapshot:
        return find_campaigns(snapshot)


@contextmanager
def indexed(world: World) -> Iterator[Snapshot]:
    """Write the world's log and index it, for as long as the snapshot is looked at."""
    folder = Path(tempfile.mkdtemp(prefix="promptprint-world-"))
    try:
        log = folder / "log.jsonl"
        rows = (msgspec.json.encode(payload(world, number)) + b"\n" for number in range(len(world.sent)))
        log.write_bytes(b"".join(rows))
        workspace = Workspace.create(folder / "index", key=KEY)
        ingest(workspace, [log])
        yield Snapshot(Workspace.open(folder / "index"))
    finally:
        shutil.rmtree(folder)
