"""Requests that are in the logs more than once, found through all segments (see `indexes.repeats`).

Names of ids are dealt out by their first bits; only the requests whose id returns are looked at
further, by the names of their contents. The first of them in the segments' order stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from cluster.stages import Piece, dealt, gathered, joined, spread
from indexes.repeats import contents_of
from indexes.segment import SegmentReader
from promptlog.record import UNNAMED

_NAMED = np.dtype([("name", np.uint64), ("segment", np.int64), ("row", np.int64)])
_PART_BITS = 22  # ids in one part, about: 24 bytes each


def repeated(spark: SparkSession, folders: list[Path], old: int, requests: int) -> DataFrame:
    """Return (segment, (n,) int64 rows) of the requests that repeat an earlier one.

    folders: segments in their order; the first `old` have been compared with each other before.
    """
    bits = max(0, requests.bit_length() - _PART_BITS)

    def ids(number: int) -> Iterable[Piece]:
        names, rows = SegmentReader(folders[number]).ids
        return _by_name(names, number, rows, bits)

    def returning(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        found = _sorted(blobs)
        first, size = _runs(found["name"])
        kept = np.repeat((size > 1) & (np.maximum.reduceat(found["segment"], first) >= old), size)
        return dealt(found[kept], found["segment"][kept])

    def contents(segment: int, blobs: list[bytes]) -> Iterable[Piece]:
        found, reader = _sorted(blobs), SegmentReader(folders[segment])
        ids = reader.requests(["request_id"], as_strings=True).column(0).take(pa.array(found["row"].copy()))
        found = found[~pc.starts_with(ids, UNNAMED).to_numpy().astype(np.bool_)]
        return _by_name(contents_of(reader, found["name"], found["row"]), segment, found["row"], bits)

    def later(part: int, blobs: list[bytes]) -> Iterator[Piece]:
        found = _sorted(blobs)
        again = np.concatenate([[False], found["name"][1:] == found["name"][:-1]]) & (found["segment"] >= old)
        return dealt(found["row"][again], found["segment"][again])

    suspects = gathered(spread(spark, len(folders), ids), returning)
    return gathered(gathered(suspects, contents), later)


def _by_name(names: NDArray[Any], segment: int, rows: NDArray[Any], bits: int) -> Iterator[Piece]:
    found = np.empty(len(names), _NAMED)
    found["name"], found["segment"], found["row"] = names, segment, rows
    return dealt(found, (names >> np.uint64(32)).astype(np.int64) >> (32 - bits))


def _sorted(blobs: list[bytes]) -> NDArray[Any]:
    found = joined(blobs, _NAMED)
    return found[np.lexsort((found["row"], found["segment"], found["name"]))]


def _runs(names: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each run of equal names begins, and its length; the names ascend."""
    first = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]])[: len(names)])
    return first, np.diff(np.append(first, len(names)))
