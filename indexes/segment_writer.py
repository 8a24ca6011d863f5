"""Writing a segment: requests gathered, their texts collapsed, fingerprinted, inverted, put on disk.

What a segment consists of is told in `indexes.segment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numba import njit
from numpy.typing import NDArray

from fingerprint.identity import identities
from fingerprint.minhash import MinHasher
from indexes.directory import arranged
from indexes.durable import new_file
from indexes.lsh import BandTable, visible
from indexes.segment import NO_TIME, PROMPT_SEGMENTS, REQUESTS_PER_GROUP, TEXTS_PER_GROUP
from indexes.spans import Postings
from indexes.textprints import TextPrints
from promptlog.record import SkippedLine
from promptlog.walk import spelt

_EMPTY = pa.scalar("", pa.large_string())
_MANY, _SMALL = 500, 100  # batches, and rows in one


@dataclass
class SegmentBuilder:
    """Collects record batches, then writes them as one segment."""

    hasher: MinHasher
    batches: list[pa.RecordBatch] = field(default_factory=list)
    skipped: list[SkippedLine] = field(default_factory=list)
    requests: int = 0
    bytes: int = 0
    _done: int = 0
    """Of the batches, how many stay as they are."""

    def add(self, batch: pa.RecordBatch, skipped: Sequence[SkippedLine]) -> None:
        """Take in one batch of promptlog's schema and the lines that could not be read."""
        self.batches.append(batch)
        self.skipped.extend(skipped)
        self.requests += batch.num_rows
        self.bytes += batch.get_total_buffer_size()
        self._put_together()

    def _put_together(self) -> None:
        """Make one batch of many small ones, as of a log of a file for each request."""
        small = self.batches[self._done :]
        if len(small) == _MANY:
            if sum(batch.num_rows for batch in small) < _MANY * _SMALL:
                self.batches[self._done :] = [pa.concat_batches(small)]
            self._done = len(self.batches)

    def write(self, folder: Path, *, with_text: bool) -> int:
        """Write the segment's files into a new folder; return the number of distinct texts."""
        table = pa.Table.from_batches(self.batches)
        texts, rows = _collapse([table.column(name) for name in PROMPT_SEGMENTS])
        table = with_rows(table, rows)
        self.batches = []  # most of them is prompts, which are in the texts now
        prints = TextPrints.of(self.hasher.fingerprint(texts))
        write_segment(folder, self.hasher, table, prints, texts if with_text else None, self.skipped)
        return len(texts)


def with_rows(table: pa.Table, rows: Sequence[NDArray[np.int32]]) -> pa.Table:
    """Return a request table whose prompts are rows of the text table, one array per segment."""
    for name, row in zip(PROMPT_SEGMENTS, rows, strict=True):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(row, pa.int32()))
    return table


def write_segment(
    folder: Path,
    hasher: MinHasher,
    table: pa.Table,
    prints: TextPrints,
    texts: pa.Array | None,
    skipped: Sequence[SkippedLine],
) -> None:
    """Write a segment into a new folder.

    table: the requests, prompts as rows of the texts. prints, texts: of each text; None keeps none.
    """
    folder.mkdir(mode=0o700)
    _write_parquet(folder / "requests.parquet", table.combine_chunks(), REQUESTS_PER_GROUP)
    if texts is not None:
        _write_parquet(folder / "texts.parquet", pa.table({"text": texts}), TEXTS_PER_GROUP)
    facts = pa.table({"tokens": prints.tokens, "hidden": prints.hidden})
    _write_parquet(folder / "facts.parquet", facts, REQUESTS_PER_GROUP)
    for name, array in (_request_arrays(hasher, table, len(prints)) | _text_arrays(prints)).items():
        with new_file(folder / f"{name}.npy") as stream:
            np.save(stream, array, allow_pickle=False)
    lines = [msgspec.json.encode(line._replace(path=spelt(line.path))) + b"\n" for line in skipped]
    with new_file(folder / "skipped.jsonl") as stream:
        stream.write(b"".join(lines))


def _request_arrays(hasher: MinHasher, table: pa.Table, texts: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of the requests themselves."""
    ids = identities(table.column("request_id"), hasher.derive(b"request id"))
    order = np.argsort(ids, kind="stable")
    held = np.stack([table.column(name).to_numpy() for name in PROMPT_SEGMENTS])
    holders_first, holders = _invert(held, texts)
    return {
        "request_accounts": identities(table.column("account"), hasher.derive(b"account")),
        "request_times": table.column("time_us").fill_null(NO_TIME).to_numpy(),
        "request_ids": ids[order],
        "request_order": order.astype(np.uint32),
        "holders_first": holders_first,
        "holders": holders,
    }


def _text_arrays(prints: TextPrints) -> dict[str, NDArray[Any]]:
    """Return the arrays of the texts' fingerprints."""
    bands, spans = BandTable.build(prints.signatures, visible(prints.signatures)), Postings.build(prints)
    order = np.argsort(prints.canonical, kind="stable")
    canonical_first, canonical_places = arranged(prints.canonical[order], order.astype(np.uint64))
    return {
        "canonical": prints.canonical,
        "canonical_first": canonical_first,
        "canonical_places": canonical_places,
        "signatures": prints.signatures,
        "band_first": bands.first,
        "bands": bands.places,
        "span_first": spans.first,
        "span_low": spans.low,
        "span_where": spans.where,
    }


def _collapse(columns: list[pa.ChunkedArray]) -> tuple[pa.Array, list[NDArray[np.int32]]]:
    """Return the distinct non-empty texts and, per column, each row's place among them, -1 for none.

    The only copy made of a text is the one that is returned.
    """
    chunks = [_empty_as_null(chunk) for column in columns for chunk in column.chunks]
    encoded = pa.chunked_array(chunks, pa.large_string()).dictionary_encode().combine_chunks()
    return encoded.dictionary, np.split(encoded.indices.fill_null(-1).to_numpy(), len(columns))


def _empty_as_null(texts: pa.Array) -> pa.Array:
    """Return strings that share the bytes of the given ones."""
    texts = texts.cast(pa.large_string())
    there = pc.not_equal(texts, _EMPTY).buffers()[1]
    return pa.Array.from_buffers(texts.type, len(texts), [there, *texts.buffers()[1:]])


@njit(nogil=True, cache=True)
def _invert(held, texts):  # type: ignore[no-untyped-def]
    """Return the arrays of Holders from (segments, requests) text rows, -1 for none."""
    first = np.zeros(texts + 1, dtype=np.uint32)
    rows = np.empty(0, dtype=np.uint32)
    free = first
    for filling in range(2):
        for request in range(held.shape[1]):
            for place in range(held.shape[0]):
                text, again = held[place, request], False
                for earlier in range(place):
                    again |= held[earlier, request] == text
                if text < 0 or again:
                    continue
                if filling:
                    rows[free[text]] = request
                    free[text] += np.uint32(1)
                else:
                    first[text + 1] += np.uint32(1)
        if not filling:
            for text in range(texts):
                first[text + 1] += first[text]
            rows, free = np.empty(first[texts], dtype=np.uint32), first[:-1].copy()
    return first, rows


def _write_parquet(path: Path, table: pa.Table, row_group_size: int) -> None:
    with new_file(path) as stream:
        pq.write_table(
            table, stream, compression="zstd", row_group_size=row_group_size, write_page_checksum=True
        )
