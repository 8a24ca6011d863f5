"""Detection on a labelled LiteLLM log: as it is, without campaigns, in honest halves, without metadata.

    python benchmarks/labelled.py LOG_DIR TRUTH.jsonl.zst [--halves 20]

TRUTH has a row per request: request_id, account, label ("campaign", "cover" or a kind of honest
traffic), scenario. Every variant is written out as a log, indexed and judged with the defaults.
Prints a line per variant, and writes the whole log's report beside the temporary index for the
scorer of the truth's owner.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import zstandard

from campaigns.find import find_campaigns
from campaigns.report import CampaignReport, encode
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace
from promptlog import walk

KEY = bytes(range(32))
Line = dict[str, object]


def lines(paths: list[Path]) -> Iterator[Line]:
    """Yield the log's objects."""
    for path in paths:
        with path.open("rb") as stream:
            reader = zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True)
            yield from map(msgspec.json.decode, reader.read().splitlines())


def judge(rows: Iterator[Line], folder: Path) -> CampaignReport:
    """Write rows as a log, index it and return its report."""
    log = folder / "log.jsonl"
    with log.open("wb") as stream:
        for row in rows:
            stream.write(msgspec.json.encode(row) + b"\n")
    ingest(Workspace.create(folder / "index", key=KEY), [log])
    return find_campaigns(Snapshot(Workspace.open(folder / "index")))


def without_metadata(row: Line) -> Line:
    """Blank what the network and the client say."""
    metadata = {**row["metadata"], "user_api_key_team_id": None, "user_api_key_org_id": None}  # type: ignore[dict-item]
    return {**row, "requester_ip_address": "", "user_agent": "", "metadata": metadata}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--halves", type=int, default=20)
    parser.add_argument("--report", type=Path, help="where to write the whole log's report")
    options = parser.parse_args()
    paths = walk([options.log])
    truth = {row["request_id"]: row for row in lines([options.truth])}
    owner = {row["account"] for row in truth.values() if row["label"] == "campaign"}
    honest = sorted({str(row["account"]) for row in truth.values()} - owner)  # type: ignore[arg-type]

    def run(
        name: str, keep: Callable[[Line], bool], change: Callable[[Line], Line] = lambda row: row
    ) -> CampaignReport:
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            report = judge((change(row) for row in lines(paths) if keep(row)), Path(folder))
        flagged = {account for campaign in report.alerts for account in campaign.accounts}
        innocent = len(flagged - owner)
        best = max((c.score for c in report.campaigns if not c.alert), default=0)
        print(
            f"{name:24} {report.requests:8} requests  {len(report.alerts):3} alerts  "
            f"accounts flagged: {len(flagged & owner)} of {len(owner)} campaign, {innocent} innocent  "
            f"best without alert {best:.3f}  {time.monotonic() - started:.0f} s",
            flush=True,
        )
        return report

    whole = run("whole log", lambda row: True)
    if options.report:
        options.report.write_bytes(encode(whole))
    run("no metadata", lambda row: True, without_metadata)
    run("no campaign rows", lambda row: truth[row["id"]]["label"] != "campaign")
    for half in range(options.halves):
        chosen = set(random.Random(half).sample(honest, len(honest) // 2))
        run(f"honest half {half}", lambda row, chosen=chosen: truth[row["id"]]["account"] in chosen)  # type: ignore[misc]


if __name__ == "__main__":
    main()
