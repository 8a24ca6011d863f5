"""What the stages know of a segment: its prompts, as the whole index numbers them, and who sent each.

A prompt belongs to the segment that holds its first text, and prompts are numbered by first
appearance: so those of a segment follow one another, and a number says where its prompt lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders, expand_ranges
from campaigns.families import MIN_ACCOUNTS
from indexes.segment import SegmentReader
from indexes.snapshot import Snapshot


@dataclass(frozen=True)
class Numbers:
    """Where the segments and their prompts' numbers are; small, and sent along with every task.

    first: (segments + 1,) the number of each segment's first prompt; the last entry is the total.
    """

    folder: Path
    segments: tuple[Path, ...]
    first: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many prompts there are."""
        return int(self.first[-1])

    def of(self, number: int) -> Prompts:
        """Return a segment's prompts."""
        with np.load(self.folder / f"{number:06}.npz") as kept:
            return Prompts(SegmentReader(self.segments[number]), int(self.first[number]), **kept)

    def owner(self, prompts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the segment that each prompt belongs to."""
        return np.asarray(np.searchsorted(self.first, prompts, side="right") - 1)

    def signatures(self, prompts: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the (n, num_perm) signatures of prompts, which ascend."""
        parts = []
        bounds = np.searchsorted(prompts, self.first)
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            mine = self.of(number)
            parts.append(mine.signatures(prompts[bounds[number] : bounds[number + 1]] - mine.first))
        return np.concatenate(parts)


@dataclass(frozen=True)
class Prompts:
    """One segment's n prompts: those that appear first in it. Within it they count from 0.

    texts: (n,) int32, the row of each prompt's text. sent_first: (n + 1,) int64 and sent_by: int32 account
    codes: each prompt's senders, the least MIN_ACCOUNTS of them, as more are not told apart.
    """

    segment: SegmentReader
    first: int
    texts: NDArray[np.int32]
    sent_first: NDArray[np.int64]
    sent_by: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def of_text(self) -> NDArray[np.int32]:
        """(texts,) the prompt whose text each row is, -1 for a later spelling."""
        owner = np.full(len(self.segment.canonical), -1, dtype=np.int32)
        owner[self.texts] = np.arange(len(self.texts), dtype=np.int32)
        return owner

    def signatures(self, prompts: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the signatures of some of the prompts."""
        return np.ascontiguousarray(self.segment.signatures[self.texts[prompts]])


def number(snapshot: Snapshot, senders: Senders, folder: Path) -> Numbers:
    """Write down what the stages need of each segment of a snapshot."""
    folder.mkdir(parents=True, exist_ok=True)
    root = snapshot.workspace.root.absolute() / "segments"
    # Within a segment texts do not ascend with their prompts, but all of a segment are below the next one's.
    first = np.searchsorted(snapshot.text_of, snapshot.first_text)
    last = np.minimum(senders.first[1:], senders.first[:-1] + MIN_ACCOUNTS)
    for place, (begin, end) in enumerate(pairwise(first)):
        rows, _ = expand_ranges(senders.first[begin:end], last[begin:end])
        count = last[begin:end] - senders.first[begin:end]
        np.savez(
            folder / f"{place:06}.npz",
            texts=(snapshot.text_of[begin:end] - snapshot.first_text[place]).astype(np.int32),
            sent_first=np.concatenate([[0], np.cumsum(count)]),
            sent_by=senders.accounts[rows],
        )
    return Numbers(folder, tuple(root / s.name for s in snapshot.workspace.manifest.segments), first)
