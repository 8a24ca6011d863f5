"""A thousand accounts erased: is a byte of them left in any file?

    python -m benchmarks.faults.erasing [--requests 14995] [--accounts 1000] [--seed 1]

Looked for are their names, the ids of their requests, the texts and the vectors that nobody else
has, and the keyed hashes of those texts: as they are, in hexadecimal and in base64, in the bytes of every
file and in every cell of the Parquet files, unpacked. The same is looked for before, as a test of
the search.
"""

from __future__ import annotations

import argparse
import base64
import gc
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from campaigns.kept import report_of
from indexes import vectors
from indexes.erase import erase
from indexes.snapshot import Snapshot
from indexes.vectors import VectorIndex
from indexes.verify import verify
from indexes.workspace import Workspace

Needles = dict[str, set[bytes]]


def needles(snapshot: Snapshot, accounts: list[str]) -> Needles:
    """Return what only these accounts put into an index, by kind."""
    requests = snapshot.requests
    names = np.array(requests.account.values.to_pylist())[requests.account.codes]
    mine = np.isin(names, accounts)
    only = np.setdiff1d(requests.prompts[mine], requests.prompts[~mine])
    only = only[only >= 0]
    others = np.setdiff1d(requests.prompts[~mine], [-1])
    elsewhere = "\0".join(snapshot.read_prompts(others))  # a sentence of theirs may be somebody else's too
    index = VectorIndex.open(snapshot.workspace, sample.Model())  # type: ignore[arg-type]
    rows = {int(name): row for each in index.sets for name, row in zip(each.prompts, each.codes, strict=True)}
    found = {
        "accounts": {name.encode() for name in accounts},
        "request ids": {requests.ids[int(row)].as_py().encode() for row in np.flatnonzero(mine)},
        "texts": {
            text.encode() for text in snapshot.read_prompts(only) if len(text) > 20 and text not in elsewhere
        },
        "vectors": {rows[int(name)].tobytes() for name in snapshot.canonical[only] if int(name) in rows},
        "hashes": {name.tobytes() for name in snapshot.canonical[only]},
    }
    return {kind: _spelt(each) for kind, each in found.items()}


def _spelt(found: Iterable[bytes]) -> set[bytes]:
    return {spelt for each in found for spelt in (each, each.hex().encode(), base64.b64encode(each))}


def left(root: Path, wanted: Needles) -> dict[str, int]:
    """Return how many needles of each kind are in the files of a directory."""
    haystack = bytearray()
    for path in sorted(root.rglob("*")):
        if path.is_file():
            haystack += path.read_bytes() + b"\0"
            if path.suffix == ".parquet":
                haystack += _cells(path)
    # Searched by the first eight bytes of each: a needle at a time would take hours.
    first = np.unique([np.frombuffer(n[:8], np.uint64)[0] for each in wanted.values() for n in each])
    at = set()
    for shift in range(8):
        words = np.frombuffer(haystack, np.uint64, (len(haystack) - shift) // 8, shift)
        at.update((np.flatnonzero(np.isin(words, first)) * 8 + shift).tolist())
    found: Counter[str] = Counter()
    starts: dict[bytes, list[int]] = {}
    for place in at:
        starts.setdefault(bytes(haystack[place : place + 8]), []).append(place)
    for kind, each in wanted.items():
        for needle in each:
            places = starts.get(needle[:8], [])
            found[kind] += any(haystack.startswith(needle, place) for place in places)
    return {kind: found[kind] for kind in wanted}


def _cells(path: Path) -> bytes:
    """Return the text of every cell, of dictionaries and columns that are packed too."""
    table = pq.read_table(path)
    columns = [
        column
        for column in table.columns
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ]
    return b"\0".join(value.encode() for column in columns for value in column.to_pylist() if value)


def run(requests: int, count: int, seed: int) -> dict[str, object]:
    """Return what was erased, and what of it was found before and after."""
    with sample.scratch() as folder:
        root, lines = folder / "index", sample.lines(requests)
        for number in range(4):
            sample.append(root, sample.write(folder / "log.jsonl", lines[number::4]))
        sample.embed(root)
        snapshot = Snapshot(Workspace.open(root))
        report_of(snapshot)
        everybody = sorted(filter(None, snapshot.requests.account.values.to_pylist()))
        accounts = random.Random(seed).sample(everybody, count)
        wanted = needles(snapshot, accounts)
        del snapshot
        gc.collect()
        before = left(root, wanted)
        done = erase(root, accounts=accounts)
        after = left(root, wanted)
        whole = not verify(root).damaged
    return {
        "accounts": count,
        "requests_erased": done.requests,
        "texts_erased": done.texts,
        "vectors_erased": done.vectors,
        "older_generations_left": len(done.still_read),
        "looked_for": {kind: len(each) for kind, each in wanted.items()},
        "found_before": before,
        "found_after": after,
        "whole_after": whole,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=14_995)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    vectors.FLAT_ROWS = 1000  # so that there are cells to erase from
    results.keep(
        "erasing", options, seed=options.seed, **run(options.requests, options.accounts, options.seed)
    )


if __name__ == "__main__":
    main()
