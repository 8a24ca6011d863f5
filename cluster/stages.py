"""Stages: what one leaves behind, the next begins with; what is finished is not done again.

A stage's result is Parquet in a folder of the job, which is named by all that its stages depend on. Spark
puts `_SUCCESS` there last, and a folder with it is finished: a run that was killed goes on after it.

Rows are (part, blob): a number by which they are dealt out, and the bytes of an array that a
kernel made and a kernel reads. So Spark moves few and large rows, whatever a kernel counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

Piece = tuple[int, NDArray[Any] | bytes]
ROW = "part long, blob binary"
BLOB = 8 << 20
"""About as many bytes go into one row; a row has to fit a Java array many times over."""

_SCHEMA = pa.schema([("part", pa.int64()), ("blob", pa.binary())])


@dataclass(frozen=True)
class Stages:
    """The results of one job, in a folder of its own wherever Spark can write."""

    spark: SparkSession
    folder: str
    progress: Callable[[str], None] = lambda _: None

    def run(self, name: str, make: Callable[[], DataFrame]) -> DataFrame:
        """Return a stage's result: kept from before, or made now."""
        path = f"{self.folder}/{name}"
        if not self._exists(f"{path}/_SUCCESS"):
            self.progress(name)
            self.spark.sparkContext.setJobDescription(name)
            make().write.mode("overwrite").parquet(path)
        return self.spark.read.schema(ROW).parquet(path)

    def rows(self, name: str, make: Callable[[], DataFrame]) -> list[tuple[int, bytes]]:
        """Return a stage's result, brought to the driver, in the order of its parts."""
        table = self.run(name, make).toArrow()
        parts, blobs = table["part"].to_pylist(), table["blob"].to_pylist()
        return sorted(zip(parts, map(bytes, blobs), strict=True))

    def _exists(self, path: str) -> bool:
        found = self._path(path)
        return bool(found.getFileSystem(self._hadoop).exists(found))

    @property
    def _hadoop(self) -> Any:
        return self.spark.sparkContext._jsc.hadoopConfiguration()

    def _path(self, path: str) -> Any:
        return self.spark.sparkContext._jvm.org.apache.hadoop.fs.Path(path)


def spread(spark: SparkSession, count: int, work: Callable[[int], Iterable[Piece]]) -> DataFrame:
    """Return what `work` makes of each number below `count`, one task a number."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                yield from packed(work(number))

    return spark.range(0, count, 1, max(count, 1)).mapInArrow(run, ROW)


def gathered(rows: DataFrame, work: Callable[[int, list[bytes]], Iterable[Piece]]) -> DataFrame:
    """Return what `work` makes of each part and all of its blobs, which come in no order."""

    def run(table: pa.Table) -> pa.Table:
        part = table["part"][0].as_py()
        blobs = [blob.as_buffer() for chunk in table["blob"].chunks for blob in chunk]
        return pa.Table.from_batches(packed(work(part, blobs)), _SCHEMA)

    return rows.groupBy("part").applyInArrow(run, ROW)


def blobs(part: int, array: NDArray[Any]) -> Iterator[Piece]:
    """Yield an array in pieces of about BLOB bytes; one of no rows not at all."""
    rows = max(1, BLOB // max(1, array.itemsize * int(np.prod(array.shape[1:]))))
    for first in range(0, len(array), rows):
        yield part, array[first : first + rows]


def dealt(array: NDArray[Any], part: NDArray[np.integer[Any]], before: int = 0) -> Iterator[Piece]:
    """Yield the pieces of an array by the part of each row."""
    order = np.argsort(part, kind="stable")
    array, part = array[order], part[order]
    begins = np.flatnonzero(np.concatenate([[True], part[1:] != part[:-1]])[: len(part)])
    for first, last in zip(begins, np.append(begins, len(part))[1:], strict=True):
        yield from blobs(before + int(part[first]), array[first:last])


def joined(blobs: Sequence[bytes], dtype: Any) -> NDArray[Any]:
    """Return blobs as one array."""
    arrays = [np.frombuffer(blob, dtype) for blob in blobs]
    return np.concatenate([np.empty(0, dtype), *arrays])


def distinct(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the distinct numbers, ascending; the array given is sorted in place, as `np.unique` hashes."""
    numbers.sort()
    new = np.concatenate([[True], numbers[1:] != numbers[:-1]])[: len(numbers)]
    return np.asarray(numbers[new])


def packed(pieces: Iterable[Piece]) -> Iterator[pa.RecordBatch]:
    """Yield pieces as record batches of some BLOBs, made on one core: a task has no more."""
    numba.set_num_threads(1)
    parts: list[int] = []
    blobs: list[Any] = []
    size = 0
    for part, blob in pieces:
        parts.append(part)
        blobs.append(blob if isinstance(blob, bytes) else np.ascontiguousarray(blob).data.tobytes())
        size += len(blobs[-1])
        if size >= BLOB:
            yield _batch(parts, blobs)
            parts, blobs, size = [], [], 0
    yield _batch(parts, blobs)


def _batch(parts: list[int], blobs: list[Any]) -> pa.RecordBatch:
    return pa.record_batch([pa.array(parts, pa.int64()), pa.array(blobs, pa.binary())], schema=_SCHEMA)
