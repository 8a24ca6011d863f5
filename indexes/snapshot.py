"""One generation of an index, opened for questions.

Texts are numbered through all segments; texts with one canonical form are one *prompt*,
numbered by first appearance. Everything past this page speaks of prompts and requests. A search
needs neither the numbering of the prompts nor the table of the requests, and makes none: it asks
the segments by text.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from indexes import spans
from indexes.segment import NO_TIME as NO_TIME
from indexes.segment import PROMPT_SEGMENTS, SegmentReader
from indexes.workspace import Workspace

Ints = NDArray[np.integer[Any]]

_IN_MEMORY = 4 << 30  # bytes of signatures


@dataclass(frozen=True)
class Codes:
    """A text column as numbers: values[codes[i]] is row i's value; values are distinct."""

    codes: NDArray[np.int32]
    values: pa.Array

    def __getitem__(self, row: int) -> str:
        return str(self.values[int(self.codes[row])].as_py())


@dataclass(frozen=True)
class Requests:
    """All requests of a snapshot, as columns of one length r.

    prompts: (r, 4) int32, the prompt in each of PROMPT_SEGMENTS, -1 for none.
    time_us: (r,) int64, NO_TIME where the log gave none.
    """

    read_ids: Callable[[], pa.Array]
    account: Codes
    model: Codes
    ip: Codes
    user_agent: Codes
    organisation: Codes
    time_us: NDArray[np.int64]
    user_turns: NDArray[np.int32]
    prompts: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time_us)

    @cached_property
    def ids(self) -> pa.Array:
        """(r,) request ids; read when first asked for, as they are most of the table."""
        return self.read_ids()

    @cached_property
    def named(self) -> NDArray[np.bool_]:
        """(r,) whether the log says whose request it is; the others cannot be linked to anybody."""
        known = pc.not_equal(self.account.values, "").to_numpy(zero_copy_only=False)
        return np.asarray(known[self.account.codes])


@dataclass(frozen=True)
class Snapshot:
    """A pinned generation: segments in manifest order."""

    workspace: Workspace

    @cached_property
    def segments(self) -> list[SegmentReader]:
        """Readers of the generation's segments."""
        root = self.workspace.root / "segments"
        return [
            SegmentReader(root / s.name, self.workspace.checked) for s in self.workspace.manifest.segments
        ]

    @cached_property
    def first_text(self) -> NDArray[np.int64]:
        """(segments + 1,) number of each segment's first text; the last entry is the total."""
        return _starts([s.texts for s in self.workspace.manifest.segments])

    @cached_property
    def first_request(self) -> NDArray[np.int64]:
        """(segments + 1,) number of each segment's first request; the last entry is the total."""
        return _starts([s.requests for s in self.workspace.manifest.segments])

    def by_segment(self, texts: Ints) -> Iterator[tuple[int, SegmentReader, NDArray[np.int64], Ints]]:
        """Yield (number, segment, places, rows) for each segment that holds some of the texts.

        texts: (n,) text numbers. places: which of them lie in the segment; rows: their rows there.
        """
        yield from self._split(texts, self.first_text)

    def requests_by_segment(
        self, requests: Ints
    ) -> Iterator[tuple[int, SegmentReader, NDArray[np.int64], Ints]]:
        """Yield (number, segment, places, rows) for each segment that holds some of the requests."""
        yield from self._split(requests, self.first_request)

    def _split(
        self, numbers: Ints, starts: NDArray[np.int64]
    ) -> Iterator[tuple[int, SegmentReader, NDArray[np.int64], Ints]]:
        owner = np.searchsorted(starts, numbers, side="right") - 1
        order = np.argsort(owner, kind="stable")  # a single pass over numbers that ascend
        ends = np.searchsorted(owner[order], np.arange(len(starts)))
        for segment in np.flatnonzero(ends[1:] > ends[:-1]).tolist():
            places = order[ends[segment] : ends[segment + 1]]
            yield segment, self.segments[segment], places, numbers[places] - starts[segment]

    @cached_property
    def canonical(self) -> NDArray[np.uint64]:
        """(prompts,) keyed hash of each prompt's canonical form: its name in other generations."""
        return np.asarray(self._canonical[self.text_of])

    @property
    def _canonical(self) -> NDArray[np.uint64]:
        return np.concatenate([np.empty(0, np.uint64), *(s.canonical for s in self.segments)])

    @cached_property
    def _numbering(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """(prompt of each text, first text of each prompt).

        "First" is by the requests, not by where a segment keeps a text: however a log was cut
        into segments, its prompts have the same numbers.
        """
        canonical, appears = self._canonical, self._first_appearance()
        order = np.argsort(canonical)
        canonical = canonical[order]
        new = np.concatenate([[True], canonical[1:] != canonical[:-1]])[: len(order)]
        form = np.cumsum(new) - 1  # of each text in `order`
        earliest = np.minimum.reduceat(appears[order], np.flatnonzero(new)) if len(order) else appears
        by_appearance = np.argsort(earliest)
        number = np.empty(len(earliest), dtype=np.int32)
        number[by_appearance] = np.arange(len(earliest), dtype=np.int32)
        prompt_of = np.empty(len(order), dtype=np.int32)
        prompt_of[order] = number[form]
        first = appears[order] == earliest[form]  # no two texts appear in one place
        text_of = np.empty(len(earliest), dtype=np.int64)
        text_of[number[form[first]]] = order[first]
        return prompt_of, text_of

    def _first_appearance(self) -> NDArray[np.int64]:
        """(texts,) number of the first request that holds each text, times 4, plus the segment."""
        appears = np.empty(int(self.first_text[-1]), dtype=np.int64)
        starts = zip(self.segments, self.first_text, self.first_text[1:], self.first_request, strict=False)
        for segment, first, last, request in starts:
            held = np.stack([c.to_numpy() for c in segment.requests(PROMPT_SEGMENTS).columns])
            mark_first(held, int(request), appears[first:last])
        return appears

    @property
    def prompt_of(self) -> NDArray[np.int32]:
        """(texts,) int32, the prompt of each text."""
        return self._numbering[0]

    @property
    def text_of(self) -> NDArray[np.int64]:
        """(prompts,) int64, the first text of each prompt."""
        return self._numbering[1]

    @cached_property
    def tokens(self) -> NDArray[np.uint32]:
        """(prompts,) token counts."""
        return np.asarray(self._fact("tokens")[self.text_of])

    @cached_property
    def hidden(self) -> NDArray[np.uint32]:
        """(prompts,) characters hidden among Latin letters, in the spelling that has most."""
        most = np.zeros(len(self.text_of), dtype=np.uint32)
        np.maximum.at(most, self.prompt_of, self._fact("hidden"))
        return most

    def signatures(self) -> NDArray[np.uint8]:
        """Return the (prompts, num_perm) uint8 signatures (see lsh.fold); made anew at each call.

        Those of more than some thirty million prompts are mapped from a temporary file: that bounds
        memory, but they are looked up at random, and a busy system soon reads each from the disk again.
        """
        shape = len(self.text_of), self.workspace.manifest.settings.num_perm
        found: NDArray[np.uint8] = (
            np.empty(shape, np.uint8) if shape[0] * shape[1] <= _IN_MEMORY else _on_disk(shape)
        )
        for segment, first, last in zip(self.segments, self.first_text, self.first_text[1:], strict=False):
            owner = self._owners[first:last]
            mine = np.flatnonzero(owner >= 0)
            _copy_rows(segment.signatures, mine, owner, found)
            segment.forget()
        return found

    @cached_property
    def requests(self) -> Requests:
        """The request table."""
        names = ["account", "model", "ip", "user_agent", "organisation", "time_us", "user_turns"]
        tables = [s.requests([*names, *PROMPT_SEGMENTS]) for s in self.segments]
        prompts = [
            _shift(table, int(first), self.prompt_of)
            for table, first in zip(tables, self.first_text, strict=False)
        ]
        table = pa.concat_tables([t.select(names) for t in tables]) if tables else _no_requests()
        del tables
        requests = Requests(
            read_ids=self._read_ids,
            account=encode(table.column("account")),
            model=encode(table.column("model")),
            ip=encode(table.column("ip")),
            user_agent=encode(table.column("user_agent")),
            organisation=encode(table.column("organisation")),
            time_us=table.column("time_us").fill_null(NO_TIME).to_numpy(),
            user_turns=table.column("user_turns").to_numpy(),
            prompts=np.concatenate(prompts) if prompts else np.empty((0, len(PROMPT_SEGMENTS)), np.int32),
        )
        del table
        pa.default_memory_pool().release_unused()  # as much again as what is kept
        return requests

    def _read_ids(self) -> pa.Array:
        columns = [s.requests(["request_id"]).column(0) for s in self.segments]
        chunks = [chunk for column in columns for chunk in column.chunks]
        # In one piece: to take some rows from pieces, Arrow puts all of them together first.
        return pa.chunked_array(chunks, pa.string()).cast(pa.large_string()).combine_chunks()

    def spans(self) -> Iterator[tuple[NDArray[np.uint64], int]]:
        """Yield (postings, prompt bits): every sampled span, a range of keys at a time.

        postings: (m,) uint64, ascending, as `spans.decode` makes them: key, prompt, place. A prompt
        written in several ways has its spans once, those of its first text. The ranges follow
        from the number of prompts alone, some millions of postings each.
        """
        bits = max(1, len(self.text_of).bit_length())
        key_bits = min(spans.KEY_BITS, 64 - spans.ORDER_BITS - bits)
        for start in range(0, 1 << spans.KEY_BITS, 1 << key_bits):
            yield self._spans_between(start, start + (1 << key_bits), bits), bits

    def _spans_between(self, begin: int, end: int, bits: int) -> NDArray[np.uint64]:
        ranges = [s.postings.ranges(np.array([begin, end - 1], dtype=np.uint64)) for s in self.segments]
        out = np.empty(sum(int(r[1, 1] - r[0, 0]) for r in ranges), dtype=np.uint64)
        made = 0
        for segment, first, last in zip(self.segments, self.first_text, self.first_text[1:], strict=False):
            p, owner = segment.postings, self._owners[first:last]
            limits = np.uint64(begin), np.uint64(end)
            made += spans.decode(p.first, p.low, p.where, owner, *limits, bits, out[made:])
            segment.forget()
        out = out[:made]
        out.sort()
        return out

    @cached_property
    def _owners(self) -> NDArray[np.int32]:
        """(texts,) the prompt of each text that is its prompt's first, else -1."""
        owner = np.full(int(self.first_text[-1]), -1, dtype=np.int32)
        owner[self.text_of] = np.arange(len(self.text_of), dtype=np.int32)
        return owner

    def read_prompts(self, prompts: Ints) -> list[str]:
        """Return prompts as first written (empty strings in an index without texts)."""
        return self.read_texts(self.text_of[prompts])

    def read_texts(self, texts: Ints) -> list[str]:
        """Return texts by number."""
        found = [""] * len(texts)
        for _, segment, places, rows in self.by_segment(texts):
            for place, text in zip(places.tolist(), segment.read_texts(rows), strict=True):
                found[place] = text
        return found

    def _fact(self, name: str) -> NDArray[np.uint32]:
        columns = [segment.facts.column(name).to_numpy() for segment in self.segments]
        return np.concatenate([np.empty(0, np.uint32), *columns])


def _on_disk(shape: tuple[int, int]) -> NDArray[np.uint8]:
    with tempfile.TemporaryFile() as file:
        return np.asarray(np.memmap(file, np.uint8, "w+", shape=shape))


def _starts(counts: list[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)


@njit(nogil=True, cache=True)
def mark_first(held, before, appears):  # type: ignore[no-untyped-def]
    """Write for each text (request number * segments + segment) of the first that holds it."""
    appears[:] = -1
    for request in range(held.shape[1]):
        for place in range(held.shape[0]):
            text = held[place, request]
            if text >= 0 and appears[text] < 0:
                appears[text] = (before + request) * held.shape[0] + place


@njit(nogil=True, cache=True)
def _copy_rows(source, rows, owner, target):  # type: ignore[no-untyped-def]
    for row in rows:
        target[owner[row]] = source[row]


def _shift(table: pa.Table, first: int, prompt_of: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return a segment's (r, 4) prompt numbers from its text rows."""
    columns = []
    for name in PROMPT_SEGMENTS:
        rows = table.column(name).to_numpy()
        there = rows >= 0
        column = np.full(len(rows), -1, dtype=np.int32)
        column[there] = prompt_of[first:][rows[there]]
        columns.append(column)
    return np.stack(columns, axis=1)


def encode(column: pa.ChunkedArray) -> Codes:
    """Return a column of strings, or of dictionaries a chunk, as codes of one dictionary."""
    if len(column) == 0:
        return Codes(np.empty(0, np.int32), pa.array([], pa.string()))
    if not pa.types.is_dictionary(column.type):
        column = column.dictionaryencode()
    chunks = column.unify_dictionaries().chunks
    codes = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunks])
    return Codes(codes.astype(np.int32, copy=False), chunks[0].dictionary)


def _no_requests() -> pa.Table:
    from promptlog.record import SCHEMA

    return SCHEMA.empty_table()
