"""Generations of an index: one manifest each, published whole or not at all.

A manifest names every file of its generation with size and SHA-256, and its parent. Its last
line is the SHA-256 of all before it, in every format there will be. Files are written under new
names, synced, then named by a new manifest that is linked into place: `link` refuses an existing
name, so two writers cannot publish the same generation, and a crash leaves the old generation or
the new one. Nothing that was published is ever written again.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from pathlib import Path

import msgspec

from fingerprint.minhash import Settings
from indexes import durable
from indexes.errors import IndexDamaged, NotAnIndex, SettingsMismatch, write_failed

FORMAT_VERSION = 3
_PREFIX = "MANIFEST-"
_MARK = 65  # the digest's 64 digits and the line's end
_NO_LINKS = (errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS)
"""What `link` says where there are none: the file was made in that very directory, so it is ours to link."""
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError)
_NUMBER = re.compile(re.escape(_PREFIX) + r"\d{20}")
FOLDER = re.compile(r"\d{8,}-\d{4,}")
_FILE = re.compile(rf"((?:segments|vectors)/{FOLDER.pattern})/[a-z_]+\.[a-z]+")


class File(msgspec.Struct, frozen=True):
    """One published file: path under the index directory, bytes, SHA-256."""

    path: str
    size: int
    sha256: str


class Input(msgspec.Struct, frozen=True):
    """One log, as far as it has been read: its requests have its place in `Manifest.inputs` as source.

    A log is known by its content, however it is compressed and wherever it lies: `sha256` is that
    of its first `offset` bytes, decompressed. `head`, of its first few, tells most logs apart.
    `size` is that of the file on disk when it was read last, at `path`.
    """

    path: str
    size: int
    sha256: str
    records: int
    quarantined: int
    offset: int = 0
    head: str = ""
    format: str = ""


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

    Raises FileExistsError when that generation exists already, OSError when it is not sure to last
    (it is then taken back), WriteFailed on a file system without hard links, and IndexDamaged for
    one that could not be read back.
    """
    temporary = root / f"tmp-{manifest.generation}-{os.getpid()}"
    path, content = path_of(root, manifest.generation), encode(manifest)
    decode(content, path)
    try:
        durable.write_file(temporary, content)
        _link(temporary, path)
        try:
            durable.sync(root)
        except OSError:
            os.unlink(path)
            raise
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    return path


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno in _NO_LINKS:
            reason = "its file system has no hard links, which keep one commit from overwriting another"
            advice = "keep the index on one that has, such as ext4, XFS, Btrfs, APFS or NFS"
            raise write_failed(path.parent, reason, advice) from error
        raise


def path_of(root: Path, generation: int) -> Path:
    """Return where a generation's manifest is."""
    return root / f"{_PREFIX}{generation:020d}"


def generations(root: Path) -> list[Path]:
    """Return the published manifests, oldest first."""
    return sorted(path for path in root.glob(_PREFIX + "*") if _NUMBER.fullmatch(path.name))


def generation_of(path: Path) -> int:
    """Return the generation of a manifest by its name."""
    return int(path.name.removeprefix(_PREFIX))


def newest(root: Path) -> Path:
    """Return the newest manifest; there is no silent fall-back to an older one. Raises NotAnIndex."""
    found = generations(root)
    if not found:
        raise NotAnIndex(
            f"{root} holds no promptprint index; make one with: promptprint index LOG --index {root}"
        )
    return found[-1]


def encode(manifest: Manifest) -> bytes:
    """Return a manifest as it stands on disk: JSON, then the SHA-256 of that."""
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    return body + hashlib.sha256(body).hexdigest().encode() + b"\n"


def read(path: Path) -> tuple[Manifest, str]:
    """Return the manifest at a path and its SHA-256; see `decode`."""
    return decode(path.read_bytes(), path)


def decode(raw: bytes, path: Path) -> tuple[Manifest, str]:
    """Return a manifest and its SHA-256 from the bytes at `path`.

    Raises IndexDamaged, or SettingsMismatch for another format.
    """
    body, mark = raw[:-_MARK], raw[-_MARK:]
    sha256 = hashlib.sha256(body).hexdigest()
    if mark != sha256.encode() + b"\n":
        if _version(raw) == 1:
            raise _older(path)
        raise _damaged(path, "its SHA-256 is not the one it ends with")
    version = _version(body)
    if isinstance(version, int) and version < FORMAT_VERSION:
        raise _older(path)
    if version != FORMAT_VERSION:
        raise SettingsMismatch(
            f"{path} has format {version}, and this promptprint reads {FORMAT_VERSION}; upgrade promptprint"
        )
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
    except _UNREADABLE as error:
        raise _damaged(path, str(error)) from None
    _check(manifest, path)
    return manifest, sha256


def _check(manifest: Manifest, path: Path) -> None:
    """Refuse a manifest that points out of its directory, or at folders that it does not hold."""
    folders = {f"segments/{s.name}" for s in manifest.segments}
    folders |= {f"vectors/{v.name}" for v in manifest.vectors}
    named = [_FILE.fullmatch(file.path) for file in manifest.files]
    if folders != {match[1] if match else "" for match in named}:
        raise _damaged(path, "its files and its segments do not agree")
    if path_of(path.parent, manifest.generation) != path:
        raise _damaged(path, f"it is the manifest of generation {manifest.generation}")


def _older(path: Path) -> SettingsMismatch:
    return SettingsMismatch(f"{path} was written by an older promptprint; index the logs anew")


def _damaged(path: Path, reason: str) -> IndexDamaged:
    return IndexDamaged(f"{path} is damaged: {reason}", mend=f"run: promptprint verify --index {path.parent}")


def _version(body: bytes) -> object:
    try:
        return msgspec.json.decode(body)["format_version"]
    except (*_UNREADABLE, KeyError):
        return None


def seal(root: Path, path: Path) -> File:
    """Sync a finished file and make it private; return its manifest entry."""
    if path.stat().st_mode & 0o777 != 0o600:  # a change of mode would be one of the file's times
        path.chmod(0o600)
    durable.sync(path)
    return File(path.relative_to(root).as_posix(), path.stat().st_size, durable.digest(path))
