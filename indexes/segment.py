"""One immutable segment: a batch of requests with their distinct texts and fingerprints.

    requests.parquet   a row per request; `system`, `tools`, `first_user`, `last_user` are rows
                       of the text table (-1: no such segment)
    texts.parquet      a row per distinct text: raw and canonical hash, tokens, hidden
                       characters and, unless the index keeps no text, the text
    signatures.npy     (texts, num_perm) uint32
    band_keys.npy, band_texts.npy                           see lsh.BandTable
    span_hashes.npy, span_texts.npy, span_places.npy        see spans.Postings
    skipped.jsonl      lines that could not be read: file, offset, reason, hash; never their text

Equal texts collapse to one row before anything is fingerprinted: a system prompt over a million
requests is sketched once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fingerprint.minhash import MinHasher
from indexes.lsh import BandTable
from indexes.spans import Postings
from promptlog.record import SkippedLine
from promptlog.walk import spelt

PROMPT_SEGMENTS = ("system", "tools", "first_user", "last_user")
TEXT_ROWS_PER_GROUP = 4096  # one text is read by decoding its row group


@dataclass
class SegmentBuilder:
    """Collects record batches, then writes them as one segment."""

    hasher: MinHasher
    batches: list[pa.RecordBatch] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)
    requests: int = 0
    bytes: int = 0

    def add(self, batch: pa.RecordBatch, skipped: Sequence[SkippedLine]) -> None:
        """Take in one batch of promptlog's schema and the lines that could not be read."""
        self.batches.append(batch)
        self.skipped.extend(skipped)
        self.requests += batch.num_rows
        self.bytes += batch.nbytes

    def write(self, folder: Path, *, with_text: bool) -> int:
        """Write the segment's files into a new folder; return the number of distinct texts."""
        folder.mkdir(mode=0o700)
        table = pa.Table.from_batches(self.batches)
        columns = [table.column(name).combine_chunks() for name in PROMPT_SEGMENTS]
        texts, rows = _collapse(columns)
        for name, row in zip(PROMPT_SEGMENTS, rows, strict=True):
            table = table.set_column(table.schema.get_field_index(name), name, row)
        _write_parquet(folder / "requests.parquet", table)
        self._write_fingerprints(folder, texts, with_text)
        lines = [msgspec.json.encode(line._replace(path=spelt(line.path))) + b"\n" for line in self.skipped]
        (folder / "skipped.jsonl").write_bytes(b"".join(lines))
        return len(texts)

    def _write_fingerprints(self, folder: Path, texts: pa.Array, with_text: bool) -> None:
        prints = self.hasher.fingerprint(texts)
        columns: dict[str, Any] = {
            "raw": prints.raw,
            "canonical": prints.canonical,
            "tokens": prints.tokens,
            "hidden": prints.hidden,
        }
        if with_text:
            columns["text"] = texts
        _write_parquet(folder / "texts.parquet", pa.table(columns), TEXT_ROWS_PER_GROUP)
        bands, spans = BandTable.build(prints.signatures, prints.visible), Postings.build(prints)
        arrays: dict[str, NDArray[Any]] = {
            "signatures": prints.signatures,
            "band_keys": bands.keys,
            "band_texts": bands.texts,
            "span_hashes": spans.hashes,
            "span_texts": spans.texts,
            "span_places": spans.places,
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)


@dataclass(frozen=True)
class SegmentReader:
    """Reads a published segment; arrays are memory-mapped and read-only."""

    folder: Path

    @cached_property
    def requests(self) -> pa.Table:
        """The request table (see the module docstring)."""
        return pq.read_table(self.folder / "requests.parquet")

    @cached_property
    def texts(self) -> pa.Table:
        """The text table without the texts themselves."""
        return pq.read_table(self.folder / "texts.parquet", columns=["raw", "canonical", "tokens", "hidden"])

    @cached_property
    def signatures(self) -> NDArray[np.uint32]:
        """(texts, num_perm) uint32."""
        return np.asarray(self._array("signatures"))

    @cached_property
    def bands(self) -> BandTable:
        """The LSH band table."""
        return BandTable(self._array("band_keys"), self._array("band_texts"))

    @cached_property
    def postings(self) -> Postings:
        """The span postings."""
        return Postings(self._array("span_hashes"), self._array("span_texts"), self._array("span_places"))

    @property
    def skipped(self) -> list[SkippedLine]:
        """The lines that could not be read, in the order they were met."""
        lines = (self.folder / "skipped.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=SkippedLine) for line in lines]

    def read_texts(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the texts of the given rows (empty strings in an index that keeps none)."""
        file = pq.ParquetFile(self.folder / "texts.parquet")
        if "text" not in file.schema_arrow.names:
            return [""] * len(rows)
        found: dict[int, str] = {}
        groups = rows // TEXT_ROWS_PER_GROUP
        for group in np.unique(groups):
            column = file.read_row_group(int(group), columns=["text"]).column(0)
            wanted = np.unique(rows[groups == group])
            picked = column.take(pa.array(wanted - group * TEXT_ROWS_PER_GROUP))
            found.update(zip(wanted.tolist(), picked.to_pylist(), strict=True))
        return [found[int(row)] for row in rows]

    def _array(self, name: str) -> Any:
        return np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def _collapse(columns: list[pa.Array]) -> tuple[pa.Array, list[pa.Array]]:
    """Return the distinct non-empty texts and, per column, each row's place among them."""
    count = len(columns[0])
    encoded = pa.chunked_array([column.cast(pa.large_string()) for column in columns]).combine_chunks()
    encoded = pc.if_else(pc.equal(encoded, ""), None, encoded).dictionary_encode()
    places = encoded.indices.fill_null(-1)
    return encoded.dictionary, [places.slice(i * count, count) for i in range(len(columns))]


def _write_parquet(path: Path, table: pa.Table, row_group_size: int | None = None) -> None:
    pq.write_table(table, path, compression="zstd", row_group_size=row_group_size, write_page_checksum=True)
