"""Generations of an index: one manifest each, published whole or not at all.

A manifest names every file of its generation with size and SHA-256. Files are written under
new names, synced, then named by a new manifest that is linked into place: `link` refuses an
existing name, so two writers cannot publish the same generation, and a crash leaves the old
generation or the new one. Nothing that was published is ever written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from fingerprint.minhash import Settings
from indexes.errors import IndexDamaged, NotAnIndex, SettingsMismatch

FORMAT_VERSION = 1
_PREFIX = "MANIFEST-"
_NUMBER = re.compile(re.escape(_PREFIX) + r"\d{20}")
_FILE = re.compile(r"((?:segments|vectors)/\d{8}-\d{4})/[a-z_]+\.[a-z]+")


class File(msgspec.Struct, frozen=True):
    """One published file: path under the index directory, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Input(msgspec.Struct, frozen=True):
    """One log file that was read to its end: where it lay, its size and its SHA-256."""

    path: str
    size: int
    sha256: str
    records: int
    quarantined: int


class Segment(msgspec.Struct, frozen=True):
    """One immutable batch of requests: a folder of files, all named in the manifest."""

    name: str
    requests: int
    texts: int


class VectorSet(msgspec.Struct, frozen=True):
    """One immutable set of embeddings: a folder, how many vectors, and the model's hash."""

    name: str
    vectors: int
    model: str
    model_sha256: str
    dimensions: int


class Manifest(msgspec.Struct, frozen=True):
    """Everything that makes up one generation of an index."""

    generation: int
    parent_sha256: str
    settings: Settings
    with_text: bool
    inputs: tuple[Input, ...] = ()
    segments: tuple[Segment, ...] = ()
    vectors: tuple[VectorSet, ...] = ()
    files: tuple[File, ...] = ()
    format_version: int = FORMAT_VERSION


def publish(root: Path, manifest: Manifest) -> Path:
    """Write and link the manifest of a new generation; return its path.

    Raises FileExistsError when that generation exists already.
    """
    temporary = root / f"tmp-{manifest.generation}-{os.getpid()}"
    with created(temporary) as descriptor:
        write_all(descriptor, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    path = root / f"{_PREFIX}{manifest.generation:020d}"
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    sync_directory(root)
    return path


def generations(root: Path) -> list[Path]:
    """Return the published manifests, oldest first."""
    return sorted(path for path in root.glob(_PREFIX + "*") if _NUMBER.fullmatch(path.name))


def latest(root: Path) -> tuple[Manifest, str]:
    """Return the newest manifest and its SHA-256; there is no silent fall-back to an older one.

    Raises NotAnIndex, IndexDamaged, or SettingsMismatch for a newer format.
    """
    found = generations(root)
    if not found:
        raise NotAnIndex(
            f"{root} holds no promptprint index; make one with: promptprint index LOG --index {root}"
        )
    raw = found[-1].read_bytes()
    version = _version(raw, found[-1])
    if version > FORMAT_VERSION:
        raise SettingsMismatch(
            f"{found[-1]} has format {version}, newer than this promptprint reads "
            f"({FORMAT_VERSION}); upgrade promptprint"
        )
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, TypeError) as error:
        raise IndexDamaged(f"{found[-1]} is damaged: {error}") from None
    _check(manifest, found[-1])
    return manifest, hashlib.sha256(raw).hexdigest()


def _check(manifest: Manifest, path: Path) -> None:
    """Refuse a manifest that points out of its directory, or at folders that it does not hold."""
    folders = {f"segments/{s.name}" for s in manifest.segments}
    folders |= {f"vectors/{v.name}" for v in manifest.vectors}
    named = [_FILE.fullmatch(file.path) for file in manifest.files]
    if folders != {match[1] if match else "" for match in named}:
        raise IndexDamaged(f"{path} is damaged: its files and its segments do not agree")


def _version(raw: bytes, path: Path) -> int:
    try:
        version = msgspec.json.decode(raw)["format_version"]
    except (msgspec.DecodeError, KeyError, TypeError):
        raise IndexDamaged(f"{path} is damaged: not a manifest") from None
    if not isinstance(version, int):
        raise IndexDamaged(f"{path} is damaged: not a manifest")
    return version


@contextlib.contextmanager
def created(path: Path) -> Iterator[int]:
    """Open a new file for writing, 0600, never over an old one; sync it before closing."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield descriptor
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte; a short write is carried on."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_directory(path: Path) -> None:
    """Make the directory's entries durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def seal(root: Path, path: Path) -> File:
    """Sync a finished file and make it private; return its manifest entry."""
    path.chmod(0o600)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return File(path.relative_to(root).as_posix(), path.stat().st_size, digest(path))
