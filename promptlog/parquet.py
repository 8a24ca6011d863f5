"""Parquet files → lines of JSON, one for each row.

A footer says how much a file holds before any of it is unpacked, so what claims more rows than
it has bytes, as 10^8 equal values do, is refused unread. Texts that repeat stay dictionaries
until a row is written, so equal texts cost nothing before their rows pass. Where a row group is
damaged, empty lines stand for the rows that cannot be had, so that those after it keep their numbers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from promptlog.chunk import Damage
from promptlog.errors import LogError

MAX_GROUP = 4 << 30
BLOCK = 2 << 20
_ROWS = 256
_FAILURES = (pa.ArrowException, OSError, ValueError)


def rows_as_lines(path: str | Path, damage: list[Damage]) -> Iterator[bytes]:
    """Yield blocks of lines, in the order of the rows; add to `damage` before what stands for damaged ones.

    Raises LogError for what is no table, or one of which no row can be read.
    """
    try:
        schema = _checked(path)
        texts = [field.name for field in schema if _is_text(field.type)]
        with pq.ParquetFile(
            path, pre_buffer=False, buffer_size=BLOCK, page_checksum_verification=True, read_dictionary=texts
        ) as file:
            end, held = 0, b""
            for number in range(file.num_row_groups):
                row, end = end, end + file.metadata.row_group(number).num_rows
                try:
                    for batch in file.iter_batches(_ROWS, row_groups=[number]):
                        for block in _blocks(_microseconds(batch).to_pylist(maps_as_pydicts="lossy")):
                            yield held + block
                            held = b""
                        row += batch.num_rows
                except _FAILURES as error:
                    damage.append(Damage(row, end, str(error)))
                    held += b"\n" * (end - row)
            if end and sum(each.end - each.begin for each in damage) == end:
                raise LogError(f"{path} is a Parquet file that cannot be read: {damage[0].reason}")
            yield held
    except _FAILURES as error:
        raise LogError(f"{path} is a Parquet file that cannot be read: {error}") from error


def _checked(path: str | Path) -> pa.Schema:
    """Return the schema of a file that claims no more than it can hold."""
    size = Path(path).stat().st_size
    with pq.ParquetFile(path) as file:
        metadata = file.metadata
        if metadata.num_rows > size:
            raise LogError(f"{path} claims {metadata.num_rows:,} rows in {size:,} bytes, as no log does")
        for number in range(metadata.num_row_groups):
            if metadata.row_group(number).total_byte_size > MAX_GROUP:
                raise LogError(f"{path} has a row group of over {MAX_GROUP >> 30} GiB: write smaller ones")
        return file.schema_arrow


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary))


def _microseconds(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Round times to what Python's datetime holds."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(place).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(place, field.name, column)
    return batch


def _blocks(rows: list[dict[str, Any]]) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for row in rows:
        lines.append(msgspec.json.encode({name: _text(value) for name, value in row.items()}))
        size += len(lines[-1])
        if size >= BLOCK:
            yield b"\n".join([*lines, b""])
            lines, size = [], 0
    if lines:
        yield b"\n".join([*lines, b""])


def _text(value: object) -> object:
    """Return bytes that are text as text: many writers do not say which of their bytes are."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value
