"""What an index holds: its generations, sizes, settings and inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from fingerprint.minhash import Settings
from indexes import locks
from indexes import manifest as manifests
from indexes.manifest import Input, Manifest, VectorSet
from indexes.workspace import Workspace


class Generation(msgspec.Struct, frozen=True):
    """One generation that has been kept; `bytes` are those of its files."""

    generation: int
    requests: int
    segments: int
    inputs: int
    files: int
    bytes: int


class Info(msgspec.Struct, frozen=True):
    """An index as its newest manifest describes it. `bytes_by_kind` is by file name, largest first."""

    schema_version: int
    format_version: int
    generation: int
    requests: int
    texts: int
    with_text: bool
    bytes: int
    bytes_by_kind: dict[str, int]
    generations: tuple[Generation, ...]
    settings: Settings
    vectors: tuple[VectorSet, ...]
    inputs: tuple[Input, ...]


def info(root: Path) -> Info:
    """Describe an index. Raises NotAnIndex, IndexDamaged or SettingsMismatch."""
    workspace = Workspace.open(root)
    newest = workspace.manifest
    kinds: dict[str, int] = {}
    for file in newest.files:
        kind = file.path.rpartition("/")[2]
        kinds[kind] = kinds.get(kind, 0) + file.size
    return Info(
        schema_version=1,
        format_version=newest.format_version,
        generation=newest.generation,
        requests=sum(segment.requests for segment in newest.segments),
        texts=sum(segment.texts for segment in newest.segments),
        with_text=newest.with_text,
        bytes=sum(kinds.values()),
        bytes_by_kind=dict(sorted(kinds.items(), key=lambda kind: (-kind[1], kind[0]))),
        generations=tuple(_generations(root)),
        settings=newest.settings,
        vectors=newest.vectors,
        inputs=newest.inputs,
    )


def _generations(root: Path) -> Iterator[Generation]:
    for path in manifests.generations(root):
        pinned = locks.pin(path)
        if pinned is not None:  # else it was removed meanwhile
            yield _generation(manifests.decode(pinned[0], path)[0])


def _generation(manifest: Manifest) -> Generation:
    return Generation(
        generation=manifest.generation,
        requests=sum(segment.requests for segment in manifest.segments),
        segments=len(manifest.segments),
        inputs=len(manifest.inputs),
        files=len(manifest.files),
        bytes=sum(file.size for file in manifest.files),
    )
