"""Small segments made one: fewer files to open, and no answer changes.

Segments stay in their order, and with it the numbers of requests and prompts. The generations
before are removed, and their files with them, unless somebody still reads one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from indexes import derived, garbage, vectors
from indexes.errors import writes
from indexes.manifest import Manifest, Segment, VectorSet
from indexes.rewrite import Chosen, rewrite
from indexes.segment import SegmentReader
from indexes.workspace import Writer, writing

MOST_REQUESTS = 1_000_000
MOST_BYTES = 512 << 20
"""A compacted segment holds so many requests and bytes; it is made in a few times that in memory."""


class Compacted(msgspec.Struct, frozen=True):
    """What was done. still_read: older generations that stay until nobody reads them."""

    schema_version: int
    generation: int
    segments_before: int
    segments: int
    bytes_before: int
    bytes: int
    still_read: tuple[int, ...]


def compact(root: Path) -> Compacted:
    """Merge runs of small segments, then remove older generations and what only they need.

    Every file is checked first: where one is damaged, an older generation may be the way back. Raises
    NotAnIndex, IndexLocked, IndexDamaged or WriteFailed; then nothing has changed.
    """
    with writing(root) as writer:
        before = writer.workspace.manifest
        writer.workspace.checked(*(root / file.path for file in before.files))
        groups = [group for group in _groups(before) if len(group) > 1]
        for group in groups:
            merge(writer, group)
        sets = [group for group in _vector_groups(before) if len(group) > 1]
        for one_model in sets:
            merge_vectors(writer, one_model)
        after = writer.commit().manifest if groups or sets else before
        with writes(root):
            still_read = garbage.collect(root, keep=1)
            derived.clear(root)
    return Compacted(
        1,
        after.generation,
        len(before.segments),
        len(after.segments),
        sum(file.size for file in before.files),
        sum(file.size for file in after.files),
        tuple(still_read),
    )


def merge(writer: Writer, group: Sequence[Segment]) -> None:
    """Write some segments that follow one another as one."""
    workspace = writer.workspace
    readers = [SegmentReader(workspace.root / "segments" / s.name, workspace.checked) for s in group]
    parts = [Chosen(reader, None, reader.skipped) for reader in readers]
    with writer.rewriting():
        new = rewrite(writer.new_folder("segments"), workspace.hasher, parts)
    writer.replace_segments(group, new)


def merge_vectors(writer: Writer, group: Sequence[VectorSet]) -> None:
    """Write some sets of one model's vectors as one."""
    workspace = writer.workspace
    with writer.rewriting():
        new = vectors.merged(workspace, group, writer.new_folder("vectors"))
    for old in group:
        writer.replace_vectors(old, new if old is group[0] else None)


def _vector_groups(manifest: Manifest) -> list[list[VectorSet]]:
    """Return each model's sets, in order, in groups that each fit into one."""
    groups: list[list[VectorSet]] = []
    for one in sorted(manifest.vectors, key=lambda one: one.model_sha256):
        mine = [] if not groups or groups[-1][0].model_sha256 != one.model_sha256 else groups[-1]
        if not mine or sum(other.vectors for other in mine) + one.vectors > MOST_REQUESTS:
            groups.append([])
        groups[-1].append(one)
    return groups


def _groups(manifest: Manifest) -> list[list[Segment]]:
    """Return the segments, in order, in groups that each fit into one."""
    sizes: dict[str, int] = {}
    for file in manifest.files:
        folder = file.path.rpartition("/")[0]
        sizes[folder] = sizes.get(folder, 0) + file.size
    groups: list[list[Segment]] = []
    requests = size = 0
    for segment in manifest.segments:
        requests, size = requests + segment.requests, size + sizes[f"segments/{segment.name}"]
        if not groups or requests > MOST_REQUESTS or size > MOST_BYTES:
            groups.append([])
            requests, size = segment.requests, sizes[f"segments/{segment.name}"]
        groups[-1].append(segment)
    return groups
