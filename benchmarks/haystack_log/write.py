"""Lines into files: zstd, a file for each stretch of time, two at a time, and the truth beside them.

DIR/log/part-000.jsonl.zst …     the log
DIR/last/part-last.jsonl.zst     its last hundredth, to be appended
DIR/truth.parquet                request_id, account, campaign of every campaign's request
DIR/world.json                   seed, size, campaigns; written last, so what has it is whole
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from haystack_log.hot import COLD, Hot
from haystack_log.render import account_names, render, request_ids
from haystack_log.world import World, build

WORKERS = 2
_LINES = 1_500_000  # of a file
_CHUNK = 10_000  # lines rendered at once: about 15 MB
_LAST = 0.01
_LEVEL = 1


class Size(msgspec.Struct, frozen=True):
    """What a written log is: DIR/world.json."""

    seed: int
    requests: int
    hot: Hot
    accounts: int
    campaigns: dict[str, int]  # name → requests
    bytes: int
    compressed_bytes: int

    @property
    def lines(self) -> int:
        """How many requests there are with the hot ones."""
        return self.requests + self.hot.identical + self.hot.band


def write(folder: Path, seed: int, requests: int, hot: Hot = COLD) -> Size:
    """Write the log of a seed and a size into a folder."""
    for name in ("log", "last"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    world = build(seed, requests, hot)
    total = len(world.rows)
    cut = total - int(total * _LAST)
    starts = [*range(0, cut, _LINES), cut, total]
    names = [f"log/part-{i:03}.jsonl.zst" for i in range(len(starts) - 2)] + ["last/part-last.jsonl.zst"]
    with ThreadPoolExecutor(WORKERS) as pool:
        sizes = list(
            pool.map(
                lambda name, first, last: _write_part(folder / name, world, first, last),
                names,
                starts[:-1],
                starts[1:],
            )
        )
    campaigns = _write_truth(folder / "truth.parquet", world)
    size = Size(
        seed, requests, hot, len(world.accounts), campaigns,
        sum(sizes), sum((folder / name).stat().st_size for name in names),
    )  # fmt: skip
    (folder / "world.json").write_bytes(msgspec.json.format(msgspec.json.encode(size)) + b"\n")
    return size


def size_of(folder: Path) -> Size | None:
    """Return what a folder holds; None where no log was written to its end."""
    path = folder / "world.json"
    return msgspec.json.decode(path.read_bytes(), type=Size) if path.exists() else None


def _write_part(path: Path, world: World, first: int, last: int) -> int:
    """Write the lines first to last - 1 and return their bytes."""
    written = 0
    with (
        path.open("wb") as stream,
        zstandard.ZstdCompressor(level=_LEVEL).stream_writer(stream) as packed,
    ):
        for start in range(first, last, _CHUNK):
            rows = world.rows[start : min(start + _CHUNK, last)]
            lines = render(rows, start, world.accounts, world.tables, world.seed)
            packed.write(lines)
            written += len(lines)
    return written


def _write_truth(path: Path, world: World) -> dict[str, int]:
    campaign = world.campaign[world.rows["template"]]
    places = np.flatnonzero(campaign >= 0)
    names = [world.names[number] for number in campaign[places]]
    table = pa.table(
        {
            "request_id": request_ids(places, world.seed),
            "account": account_names(world.rows["account"][places], world.seed),
            "campaign": pa.array(names).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    return {name: names.count(name) for name in world.names}
