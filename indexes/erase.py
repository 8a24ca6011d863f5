"""Records removed for good: requests, texts, fingerprints, vectors, and every older copy of them.

Segments that hold such a request are written anew without it; so are sets of vectors that hold
the prompt of a text nobody else sent in that wording. Then all older generations and all derived
results go. What the disk keeps of removed files is beyond an index: encrypt the disk.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexes import derived, garbage, vectors
from indexes.errors import writes
from indexes.manifest import Segment
from indexes.rewrite import Chosen, rewrite
from indexes.segment import NO_TIME, SegmentReader
from indexes.workspace import Writer, writing
from promptlog.record import SkippedLine

ERASED = "(erased)"
"""Stands in the place of a path that names an erased account."""


class Erased(msgspec.Struct, frozen=True):
    """What was removed. still_read: older generations, with everything in them, that stay until
    nobody reads them; `erased` is complete only when there is none."""

    schema_version: int
    generation: int
    requests: int
    accounts: int
    texts: int
    vectors: int
    segments_rewritten: int
    paths: int
    still_read: tuple[int, ...]


def erase(root: Path, *, accounts: Collection[str] = (), before_us: int | None = None) -> Erased:
    """Remove all requests of some accounts, and all before a time (microseconds since 1970).

    Requests without a time are not before any. Raises IndexLocked, IndexDamaged or WriteFailed;
    then either nothing has been removed, or erasing once more removes the rest.
    """
    names = {name for name in accounts if name}
    with writing(root) as writer:
        run = _Run(writer, names, before_us)
        for segment in writer.workspace.manifest.segments:
            run.segment(segment)
        run.vectors()
        run.inputs()
        after = writer.commit().manifest if run.changed else writer.workspace.manifest
        with writes(root):
            still_read = garbage.collect(root, keep=1)
            derived.clear(root)
    return Erased(
        1,
        after.generation,
        run.requests,
        len(run.accounts),
        run.texts,
        run.vectors_removed,
        run.segments,
        run.paths,
        tuple(still_read),
    )


@dataclass
class _Run:
    writer: Writer
    names: set[str]
    before_us: int | None
    requests: int = 0
    texts: int = 0
    vectors_removed: int = 0
    segments: int = 0
    paths: int = 0
    accounts: set[str] = field(default_factory=set)
    gone: list[NDArray[np.uint64]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.segments or self.paths)

    def segment(self, old: Segment) -> None:
        """Write a segment anew if anything of it is to go."""
        workspace = self.writer.workspace
        reader = SegmentReader(workspace.root / "segments" / old.name, workspace.checked)
        erased = self._erased(reader)
        skipped = [self._without_names(line) for line in reader.skipped]
        if not erased.any() and skipped == reader.skipped:
            return
        with self.writer.rewriting():
            folder = self.writer.new_folder("segments")
            new = rewrite(folder, workspace.hasher, [Chosen(reader, ~erased, skipped)])
        self.writer.replace_segments([old], new)
        self.segments += 1
        self.requests += int(erased.sum())
        self.texts += old.texts - (new.texts if new else 0)
        self.gone.append(self._lost(reader, erased))

    def _erased(self, reader: SegmentReader) -> NDArray[np.bool_]:
        account = reader.requests(["account"]).column(0).cast(pa.string())
        erased = pc.is_in(account, pa.array(sorted(self.names), pa.string())).to_numpy()
        if self.before_us is not None:
            erased = erased | ((reader.times < self.before_us) & (reader.times != NO_TIME))
        self.accounts.update(pc.unique(account.filter(pa.array(erased))).to_pylist())
        return np.asarray(erased)

    def _lost(self, reader: SegmentReader, erased: NDArray[np.bool_]) -> NDArray[np.uint64]:
        """Return the prompts of the texts that no request is left to hold."""
        holders = reader.holders
        held = np.repeat(np.arange(len(reader.canonical)), np.diff(holders.first))
        left = np.zeros(len(reader.canonical), dtype=np.bool_)
        left[held[~erased[holders.rows]]] = True
        return np.asarray(reader.canonical[~left])

    def vectors(self) -> None:
        """Write the sets anew that hold a vector of a text that is gone."""
        workspace = self.writer.workspace
        gone = np.unique(np.concatenate([np.empty(0, np.uint64), *self.gone]))
        for old in workspace.manifest.vectors:
            if vectors.holds_any(workspace, old, gone):
                with self.writer.rewriting():
                    new = vectors.without(workspace, old, gone, self.writer.new_folder("vectors"))
                self.writer.replace_vectors(old, new)
                self.vectors_removed += old.vectors - (new.vectors if new else 0)

    def inputs(self) -> None:
        """Take erased accounts' names out of the paths of logs."""
        for source, entry in enumerate(self.writer.inputs):
            if any(name in entry.path for name in self.names):
                self.writer.put_input(source, msgspec.structs.replace(entry, path=ERASED))
                self.paths += 1

    def _without_names(self, line: SkippedLine) -> SkippedLine:
        named = any(name in line.path for name in self.names)
        return line._replace(path=ERASED) if named else line
