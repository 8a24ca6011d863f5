"""What the stages know of a segment: its prompts as the whole index numbers them, who sent each, its values.

A prompt belongs to the segment that holds its first text, and prompts are numbered by first
appearance: so those of a segment follow one another, and a number says where its prompt lies.
Accounts, models, addresses, clients and organisations go by the number of the first request that has them:
a name that every segment can use, in the order of the local codes.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexes.segment import PROMPT_SEGMENTS, SegmentReader
from indexes.snapshot import Codes, encode

VALUES = ("account", "model", "ip", "user_agent", "organisation")

Ints = NDArray[np.int64]


def save(folder: Path, **arrays: NDArray[Any]) -> None:
    """Write arrays for later stages, each at once: a task may run twice, and gives the same twice."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        draft = folder / f"{name}.{secrets.token_hex(8)}"
        with draft.open("wb") as file:
            np.save(file, array)
        os.replace(draft, folder / f"{name}.npy")


@dataclass(frozen=True)
class Shards:
    """The segments that hold requests, in the index's order, and what stages wrote down of each.

    request: (segments + 1,) number of each segment's first request; the last entry is the total.
    """

    folder: Path
    segments: tuple[Path, ...]
    request: Ints

    def read(self, number: int, name: str) -> NDArray[Any]:
        """Return what a stage wrote down of a segment, mapped; nothing where it had nothing to say."""
        with contextlib.suppress(FileNotFoundError):
            return np.asarray(np.load(self.folder / f"{number:06}" / f"{name}.npy", mmap_mode="r"))
        return np.empty(0, np.int64)

    def write(self, number: int, **arrays: NDArray[Any]) -> None:
        """Write down arrays of a segment."""
        save(self.folder / f"{number:06}", **arrays)

    def share(self, **arrays: NDArray[Any]) -> None:
        """Write down arrays for all tasks."""
        save(self.folder, **arrays)

    def shared(self, name: str) -> Ints:
        """Return what was written down for all tasks, mapped."""
        return np.asarray(np.load(self.folder / f"{name}.npy", mmap_mode="r"))

    def reader(self, number: int) -> SegmentReader:
        """Return a segment."""
        return SegmentReader(self.segments[number])


@dataclass(frozen=True)
class Numbers(Shards):
    """Shards whose prompts are numbered; small, and sent along with every task.

    first: (segments + 1,) the number of each segment's first prompt; the last entry is the total.
    """

    first: Ints

    @property
    def total(self) -> int:
        """How many prompts there are."""
        return int(self.first[-1])

    def of(self, number: int) -> Prompts:
        """Return a segment's prompts."""
        return Prompts(self, number)

    def owner(self, prompts: Ints) -> Ints:
        """Return the number of the segment that each prompt belongs to."""
        return np.asarray(np.searchsorted(self.first, prompts, side="right") - 1)

    def apart(self, prompts: Ints) -> Iterator[tuple[int, slice]]:
        """Yield (segment, which) for each segment that some prompts belong to; the prompts ascend."""
        for number, (begin, end) in enumerate(pairwise(np.searchsorted(prompts, self.first).tolist())):
            if begin < end:
                yield number, slice(begin, end)

    def appearing(self, appears: Ints) -> Ints:
        """Return the prompts that appear first at some places, request * 4 + segment of the request."""
        found = np.empty(len(appears), np.int64)
        owner = np.searchsorted(self.request, appears // len(PROMPT_SEGMENTS), side="right") - 1
        for number in np.unique(owner).tolist():
            there = owner == number
            found[there] = self.first[number] + np.searchsorted(self.read(number, "appears"), appears[there])
        return found

    def signatures(self, prompts: Ints) -> NDArray[np.uint8]:
        """Return the (n, num_perm) signatures of prompts, which ascend."""
        return np.concatenate(
            [self.of(n).signatures(prompts[which] - self.first[n]) for n, which in self.apart(prompts)]
        )


@dataclass(frozen=True)
class Prompts:
    """One segment's n prompts: those that appear first in it. Within it they count from 0."""

    numbers: Numbers
    number: int

    def __len__(self) -> int:
        return int(self.numbers.first[self.number + 1]) - self.first

    @property
    def first(self) -> int:
        """The number of the first of them."""
        return int(self.numbers.first[self.number])

    @cached_property
    def segment(self) -> SegmentReader:
        """The segment."""
        return self.numbers.reader(self.number)

    @cached_property
    def texts(self) -> NDArray[np.int32]:
        """(n,) the row of each prompt's text."""
        return self._read("texts").astype(np.int32)

    @cached_property
    def sent_by(self) -> Ints:
        """Each prompt's senders, the least MIN_ACCOUNTS of them, as more are not told apart."""
        return self._read("sent_by")

    @cached_property
    def sent_first(self) -> Ints:
        """(n + 1,) where each prompt's senders begin."""
        found = self._read("sent_first")
        return found if len(found) else np.zeros(len(self) + 1, np.int64)

    @property
    def hidden(self) -> Ints:
        """(n,) characters hidden among Latin letters, in the spelling that has most."""
        found = self._read("hidden")
        return found if len(found) else np.zeros(len(self), np.int64)

    @property
    def of_text(self) -> NDArray[np.int32]:
        """(texts,) the prompt whose text each row is, -1 for a later spelling."""
        owner = np.full(len(self.segment.canonical), -1, dtype=np.int32)
        owner[self.texts] = np.arange(len(self.texts), dtype=np.int32)
        return owner

    @property
    def prompt_of(self) -> Ints:
        """(texts,) the number of the prompt that each text is a spelling of, in the whole index."""
        return self._read("prompt_of")

    def signatures(self, prompts: Ints) -> NDArray[np.uint8]:
        """Return the signatures of some of the prompts."""
        return np.ascontiguousarray(self.segment.signatures[self.texts[prompts]])

    def facts(self, name: str) -> NDArray[np.uint32]:
        """(texts,) what the segment says of each text."""
        return np.asarray(self.segment.facts.column(name).to_numpy())

    def held(self) -> Ints:
        """(r, 4) the prompts of each request, -1 for none."""
        return np.asarray(np.append(self.prompt_of, -1)[held_texts(self.segment)].T)

    def values(self, name: str) -> Codes:
        """Return a column of the requests as the segment's own codes; names of the values: `names`."""
        return encode(self.segment.requests([name]).column(0))

    def names(self, name: str) -> Ints:
        """(values,) the number of the first request in the index that has each value of a column."""
        return self._read(name)

    def of_accounts(self) -> tuple[Ints, NDArray[np.bool_]]:
        """(r,) the account of each request, and whether the log gives one."""
        account = self.values("account")
        known = pc.not_equal(account.values, "").to_numpy(zero_copy_only=False)
        return self.names("account")[account.codes], known[account.codes]

    def _read(self, name: str) -> NDArray[Any]:
        return self.numbers.read(self.number, name)


def held_texts(segment: SegmentReader) -> NDArray[np.int32]:
    """Return (4, r): the rows of the texts that each request holds, -1 for none."""
    return np.stack([c.to_numpy() for c in segment.requests(PROMPT_SEGMENTS).columns])
