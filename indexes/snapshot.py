"""One generation of an index, opened for questions.

Texts are numbered through all segments; texts with one canonical form are one *prompt*,
numbered by first appearance. Everything past this page speaks of prompts and requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexes.segment import PROMPT_SEGMENTS, SegmentReader
from indexes.workspace import Workspace

NO_TIME = np.iinfo(np.int64).min


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

    ids: pa.ChunkedArray
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
    def named(self) -> NDArray[np.bool_]:
        """(r,) whether the log says whose request it is; the others cannot be linked to anybody."""
        known = np.array([name != "" for name in self.account.values.to_pylist()], dtype=np.bool_)
        return np.asarray(known[self.account.codes])


@dataclass(frozen=True)
class Snapshot:
    """A pinned generation: segments in manifest order."""

    workspace: Workspace

    @cached_property
    def segments(self) -> list[SegmentReader]:
        """Readers of the generation's segments."""
        root = self.workspace.root / "segments"
        return [SegmentReader(root / s.name) for s in self.workspace.manifest.segments]

    @cached_property
    def first_text(self) -> NDArray[np.int64]:
        """(segments + 1,) number of each segment's first text; the last entry is the total."""
        counts = [s.texts for s in self.workspace.manifest.segments]
        return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)

    @cached_property
    def canonical(self) -> NDArray[np.uint64]:
        """(prompts,) keyed hash of each prompt's canonical form: its name in other generations."""
        return np.asarray(self._text_column("canonical")[self.text_of])

    @cached_property
    def _numbering(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """(prompt of each text, first text of each prompt).

        "First" is by the requests, not by where a segment keeps a text: however a log was cut
        into segments, its prompts have the same numbers.
        """
        appears = self._first_appearance()
        by_time = np.argsort(appears, kind="stable")
        _, first, inverse = np.unique(
            self._text_column("canonical")[by_time], return_index=True, return_inverse=True
        )
        order = np.argsort(first, kind="stable")
        number = np.empty(len(order), dtype=np.int32)
        number[order] = np.arange(len(order), dtype=np.int32)
        prompt_of = np.empty(len(appears), dtype=np.int32)
        prompt_of[by_time] = number[inverse]
        return prompt_of, by_time[first[order]]

    def _first_appearance(self) -> NDArray[np.int64]:
        """(texts,) number of the first request that holds each text, times 4, plus the segment."""
        appears = np.full(int(self.first_text[-1]), np.iinfo(np.int64).max)
        request = 0
        for segment, first in zip(self.segments, self.first_text[:-1], strict=True):
            count = segment.requests.num_rows
            for place, name in enumerate(PROMPT_SEGMENTS):
                rows = segment.requests.column(name).to_numpy()
                there = np.flatnonzero(rows >= 0)
                when = (request + there) * len(PROMPT_SEGMENTS) + place
                np.minimum.at(appears, rows[there] + first, when)
            request += count
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
        return np.asarray(self._text_column("tokens")[self.text_of])

    @cached_property
    def hidden(self) -> NDArray[np.uint32]:
        """(prompts,) invisible characters after Latin letters, in the spelling that has most."""
        most = np.zeros(len(self.text_of), dtype=np.uint32)
        np.maximum.at(most, self.prompt_of, self._text_column("hidden"))
        return most

    @cached_property
    def signatures(self) -> NDArray[np.uint32]:
        """(prompts, num_perm) uint32 signatures."""
        found = np.empty((len(self.text_of), self.workspace.manifest.settings.num_perm), np.uint32)
        for segment, first in zip(self.segments, self.first_text[:-1], strict=True):
            rows = self.text_of - first
            mine = np.flatnonzero((rows >= 0) & (rows < len(segment.signatures)))
            found[mine] = segment.signatures[rows[mine]]
        return found

    @cached_property
    def requests(self) -> Requests:
        """The request table."""
        tables = [s.requests for s in self.segments]
        prompts = [
            _shift(table, first, self.prompt_of)
            for table, first in zip(tables, self.first_text[:-1], strict=True)
        ]
        table = pa.concat_tables(tables) if tables else _no_requests()
        return Requests(
            ids=table.column("request_id"),
            account=_encode(table.column("account")),
            model=_encode(table.column("model")),
            ip=_encode(table.column("ip")),
            user_agent=_encode(table.column("user_agent")),
            organisation=_encode(table.column("organisation")),
            time_us=table.column("time_us").fill_null(NO_TIME).to_numpy(),
            user_turns=table.column("user_turns").to_numpy(),
            prompts=np.concatenate(prompts) if prompts else np.empty((0, len(PROMPT_SEGMENTS)), np.int32),
        )

    def spans(self) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint32]]:
        """Return (hashes, prompts, places) of every sampled span, sorted by hash, then prompt."""
        postings = [s.postings for s in self.segments]
        hashes = np.concatenate([p.hashes for p in postings] or [np.empty(0, np.uint64)])
        texts = np.concatenate(
            [p.texts + np.int64(first) for p, first in zip(postings, self.first_text[:-1], strict=True)]
            or [np.empty(0, np.int64)]
        )
        places = np.concatenate([p.places for p in postings] or [np.empty(0, np.uint32)])
        prompts = self.prompt_of[texts]
        # A prompt written in several ways has its spans once, those of its first text.
        kept = self.text_of[prompts] == texts
        hashes, prompts, places = hashes[kept], prompts[kept], places[kept]
        order = np.lexsort((prompts, hashes))
        return hashes[order], prompts[order], places[order]

    def read_prompts(self, prompts: NDArray[np.integer[Any]]) -> list[str]:
        """Return prompts as first written (empty strings in an index without texts)."""
        return self.read_texts(self.text_of[prompts])

    def read_texts(self, texts: NDArray[np.int64]) -> list[str]:
        """Return texts by number."""
        found: dict[int, str] = {}
        for segment, first in zip(self.segments, self.first_text[:-1], strict=True):
            mine = np.unique(texts[(texts >= first) & (texts < first + segment.texts.num_rows)])
            if len(mine):
                found.update(zip(mine.tolist(), segment.read_texts(mine - first), strict=True))
        return [found[int(text)] for text in texts]

    def _text_column(self, name: str) -> NDArray[Any]:
        columns = [segment.texts.column(name).to_numpy() for segment in self.segments]
        return np.concatenate(columns) if columns else np.empty(0, np.uint64)


def _shift(table: pa.Table, first: np.int64, prompt_of: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return a segment's (r, 4) prompt numbers from its text rows."""
    columns = []
    for name in PROMPT_SEGMENTS:
        rows = table.column(name).to_numpy().astype(np.int64)
        there = rows >= 0
        column = np.full(len(rows), -1, dtype=np.int32)
        column[there] = prompt_of[rows[there] + first]
        columns.append(column)
    return np.stack(columns, axis=1)


def _encode(column: pa.ChunkedArray) -> Codes:
    encoded = pc.dictionary_encode(column.combine_chunks())
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return Codes(encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32), encoded.dictionary)


def _no_requests() -> pa.Table:
    from promptlog.record import SCHEMA

    return SCHEMA.empty_table()
