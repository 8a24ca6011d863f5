"""Segments that follow one another, written anew as one, with all of their requests or some.

With texts, the result is byte for byte the segment that indexing these requests at once would
have made; without, texts that were equal in two segments stay two rows of one prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from fingerprint.minhash import MinHasher
from indexes.manifest import Segment
from indexes.segment import PROMPT_SEGMENTS, SegmentReader
from indexes.segment_writer import with_rows, write_segment
from indexes.textprints import TextPrints
from promptlog.record import SkippedLine


@dataclass(frozen=True)
class Chosen:
    """What is kept of one segment. requests: (r,) bool, or None for all."""

    segment: SegmentReader
    requests: NDArray[np.bool_] | None
    skipped: Sequence[SkippedLine]


def rewrite(folder: Path, hasher: MinHasher, parts: Sequence[Chosen]) -> Segment | None:
    """Write what is kept of some segments to a new folder; None, and no folder, when that is nothing."""
    table, rows = _requests(parts)
    skipped = [line for part in parts for line in part.skipped]
    if table.num_rows == 0 and not skipped:
        return None
    prints = TextPrints.join([part.segment.prints for part in parts])
    texts = _texts(parts)
    if texts is not None:
        rows = _first_of_equals(texts)[rows] if len(texts) else rows
    chosen, numbers = _renumbered(rows)
    write_segment(
        folder,
        hasher,
        with_rows(table, list(numbers)),
        prints.take(chosen),
        None if texts is None else texts.take(pa.array(chosen)),
        skipped,
    )
    return Segment(folder.name, table.num_rows, len(chosen))


def _requests(parts: Sequence[Chosen]) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the kept requests, and the (segments, requests) rows of their texts among all parts' texts."""
    tables, rows, before = [], [], 0
    for part in parts:
        table = part.segment.requests(as_strings=True)
        if part.requests is not None:
            table = table.filter(pa.array(part.requests))
        held = np.stack([table.column(name).to_numpy().astype(np.int64) for name in PROMPT_SEGMENTS])
        rows.append(np.where(held < 0, -1, held + before))
        tables.append(table)
        before += len(part.segment.canonical)
    return pa.concat_tables(tables), np.concatenate(rows, axis=1)


def _texts(parts: Sequence[Chosen]) -> pa.Array | None:
    columns = [part.segment.all_texts for part in parts]
    chunks = [chunk for column in columns if column is not None for chunk in column.chunks]
    if any(column is None for column in columns):
        return None
    return pa.chunked_array(chunks, pa.large_string()).combine_chunks()


def _first_of_equals(texts: pa.Array) -> NDArray[np.int64]:
    """Return for each text the first that equals it; a last -1, for rows that are -1."""
    same = pc.dictionary_encode(texts).indices.to_numpy()
    _, first = np.unique(same, return_index=True)
    return np.append(first[same], -1)


def _renumbered(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the texts that are held, by first appearance as in a fresh segment, and rows among them."""
    held, first = np.unique(rows, return_index=True)
    held, first = held[held >= 0], first[held >= 0]
    chosen = held[np.argsort(first)]
    number = np.full(int(held[-1]) + 2 if len(held) else 1, -1, dtype=np.int32)
    number[chosen] = np.arange(len(chosen), dtype=np.int32)
    return chosen, number[rows]
