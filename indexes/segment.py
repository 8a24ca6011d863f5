"""One immutable segment: a batch of requests with their distinct texts and fingerprints.

    requests.parquet   a row per request; `system`, `tools`, `first_user`, `last_user` are rows
                       of the text table (-1: no such segment)
    request_accounts.npy, request_times.npy    (requests,) uint64 names of the accounts and int64
                       times, for counting without decoding
    request_ids.npy    (requests,) uint64 names of the ids, ascending; request_order.npy, uint32,
                       their rows
    texts.parquet      the distinct texts; missing in an index that keeps none
    facts.parquet      a row per text: tokens and hidden characters
    canonical.npy      (texts,) uint64, names of the texts' canonical forms; canonical_first.npy,
                       canonical_places.npy, the texts by these, see indexes.directory
    holders_first.npy, holders.npy             which requests hold a text, see Holders
    signatures.npy     (texts, num_perm) uint8, see lsh.fold
    band_first.npy, bands.npy                  see lsh.BandTable
    span_first.npy, span_low.npy, span_where.npy    see spans.Postings
    skipped.jsonl      lines that could not be read: file, offset, reason, hash; never their text

Equal texts collapse to one row before anything is fingerprinted: a system prompt over a million
requests is sketched once. Whatever a search needs is memory-mapped, so opening costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from mmap import MADV_DONTNEED, mmap
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numba import njit
from numpy.typing import NDArray

from indexes.directory import HINT_BITS, narrowed
from indexes.lsh import BandTable
from indexes.spans import Postings
from indexes.textprints import TextPrints
from promptlog.record import SkippedLine

PROMPT_SEGMENTS = ("system", "tools", "first_user", "last_user")
NO_TIME = np.iinfo(np.int64).min

# A row is read by decoding its row group.
TEXTS_PER_GROUP = 128
REQUESTS_PER_GROUP = 1 << 11


@dataclass(frozen=True)
class Holders:
    """The requests that hold text t: rows[first[t]:first[t + 1]], ascending, each once.

    first: (texts + 1,) uint32; rows: (m,) uint32.
    """

    first: NDArray[np.uint32]
    rows: NDArray[np.uint32]

    def of(self, text: int) -> NDArray[np.uint32]:
        """Return the rows of the requests that hold a text."""
        return self.rows[self.first[text] : self.first[text + 1]]


@dataclass(frozen=True)
class SegmentReader:
    """Reads a published segment; arrays are memory-mapped and read-only.

    check: called with each file before it is used; see Workspace.checked.
    """

    folder: Path
    check: Callable[[Path], None] = lambda path: None

    def requests(self, columns: Sequence[str] | None = None, *, as_strings: bool = False) -> pa.Table:
        """Return the request table, or some of its columns; repeated strings as dictionaries or not.

        Before some rows are written elsewhere they must be strings: a dictionary has those of all rows.
        """
        repeated = ["account", "account_field", "model", "ip", "user_agent", "organisation"]
        return pq.read_table(
            self._checked("requests.parquet"),
            columns=columns and list(columns),
            read_dictionary=[] if as_strings else repeated,
        )

    def read_requests(
        self, rows: NDArray[np.integer[Any]], columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Return some requests, in full or a few columns of them, in the order asked for."""
        return list(_read_rows(self._requests_file, rows, REQUESTS_PER_GROUP, columns).to_pylist())

    def read_texts(self, rows: NDArray[np.integer[Any]]) -> list[str]:
        """Return the texts of the given rows (empty strings in an index that keeps none)."""
        if self._texts_file is None:
            return [""] * len(rows)
        return list(_read_rows(self._texts_file, rows, TEXTS_PER_GROUP).column(0).to_pylist())

    @cached_property
    def facts(self) -> pa.Table:
        """The text table's `tokens` and `hidden`."""
        return pq.read_table(self._checked("facts.parquet"))

    @cached_property
    def accounts(self) -> NDArray[np.uint64]:
        """(requests,) names of the accounts."""
        return np.asarray(self._array("request_accounts"))

    @cached_property
    def times(self) -> NDArray[np.int64]:
        """(requests,) microseconds since 1970, NO_TIME where the log gave none."""
        return np.asarray(self._array("request_times"))

    @cached_property
    def canonical(self) -> NDArray[np.uint64]:
        """(texts,) names of the canonical forms."""
        return np.asarray(self._array("canonical"))

    @cached_property
    def signatures(self) -> NDArray[np.uint8]:
        """(texts, num_perm) uint8."""
        return np.asarray(self._array("signatures"))

    @cached_property
    def bands(self) -> BandTable:
        """The LSH band table."""
        return BandTable(self._array("band_first"), self._array("bands"), self.signatures)

    @cached_property
    def postings(self) -> Postings:
        """The span postings."""
        return Postings(self._array("span_first"), self._array("span_low"), self._array("span_where"))

    @property
    def prints(self) -> TextPrints:
        """The texts' fingerprints by row; made anew at each call."""
        tokens, hidden = (self.facts.column(name).to_numpy() for name in ("tokens", "hidden"))
        hashes, offsets = self.postings.by_text(len(self.canonical))
        return TextPrints(self.canonical, tokens, hidden, self.signatures, hashes, offsets)

    @property
    def all_texts(self) -> pa.ChunkedArray | None:
        """All texts, None in an index that keeps none."""
        return None if self._texts_file is None else self._texts_file.read().column(0)

    @cached_property
    def holders(self) -> Holders:
        """Which requests hold a text."""
        return Holders(self._array("holders_first"), self._array("holders"))

    def spellings(self, canonical: NDArray[np.uint64]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return (texts, which): the texts of canonical forms, and for each the form's place."""
        first, places = self._array("canonical_first"), self._array("canonical_places")
        texts, which = _equal(self.canonical, first, places, canonical)
        return np.asarray(texts), np.asarray(which)

    def forget(self) -> None:
        """Let go of the pages that reading has mapped: they stay in the system's cache, no longer ours."""
        for array in self._arrays.values():
            if isinstance(array.base, np.memmap) and isinstance(array.base.base, mmap):
                array.base.base.madvise(MADV_DONTNEED)

    @property
    def ids(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """(names, rows): the names of the requests' ids, ascending, and the rows that have them."""
        return self._array("request_ids"), self._array("request_order")

    def rows_of_id(self, name: np.uint64) -> NDArray[np.int64]:
        """Return the rows of the requests whose id has a name, ascending."""
        ids = self._array("request_ids")
        first, last = np.searchsorted(ids, name, "left"), np.searchsorted(ids, name, "right")
        return np.sort(self._array("request_order")[first:last]).astype(np.int64)

    @property
    def skipped(self) -> list[SkippedLine]:
        """The lines that could not be read, in the order they were met."""
        lines = self._checked("skipped.jsonl").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=SkippedLine) for line in lines]

    @cached_property
    def _requests_file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self._checked("requests.parquet"))

    @cached_property
    def _texts_file(self) -> pq.ParquetFile | None:
        there = (self.folder / "texts.parquet").exists()
        return pq.ParquetFile(self._checked("texts.parquet")) if there else None

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        return {}

    def _array(self, name: str) -> Any:
        if name not in self._arrays:
            path = self._checked(f"{name}.npy")
            # A plain array over the mapping: each slice of a memmap costs a microsecond of Python.
            self._arrays[name] = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        return self._arrays[name]

    def _checked(self, name: str) -> Path:
        self.check(self.folder / name)
        return self.folder / name


@njit(nogil=True, cache=True)
def _equal(values, first, places, wanted):  # type: ignore[no-untyped-def]
    """Return (rows, which): the rows of wanted values, which of them each has; in that order."""
    ranges = np.empty((wanted.size, 2), dtype=np.int64)
    for i in range(wanted.size):
        ranges[i] = narrowed(first, places, wanted[i])
    most = (ranges[:, 1] - ranges[:, 0]).sum()
    rows, which, found = np.empty(most, dtype=np.uint32), np.empty(most, dtype=np.int64), 0
    for i in range(wanted.size):
        for place in range(ranges[i, 0], ranges[i, 1]):
            row = places[place] >> np.uint32(HINT_BITS)
            if values[row] == wanted[i]:
                rows[found], which[found] = row, i
                found += 1
    return rows[:found], which[:found]


def _read_rows(
    file: pq.ParquetFile,
    rows: NDArray[np.integer[Any]],
    group_size: int,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """Return the rows of a Parquet file in the order asked for."""
    groups, inside = np.unique(rows // group_size, return_inverse=True)
    if len(groups) == 0:
        return file.schema_arrow.empty_table()
    table = file.read_row_groups(groups.tolist(), columns=columns, use_threads=False)
    return table.take(pa.array(inside * group_size + rows % group_size))
