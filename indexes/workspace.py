"""The index directory: create, open, append, verify.

    KEY                     the secret that keys all fingerprints; guard it like the log
    LOCK                    held by the one process that writes
    MANIFEST-000…n          generation n: every file with size and hash
    segments/000…n-k/       requests, texts and fingerprints of one batch
    vectors/000…n/          embeddings of cluster representatives

Everything below the manifests is immutable. Opening checks that every file is there in full
length; `verify` reads and hashes them all.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fingerprint.minhash import MinHasher
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, IndexLocked, NotAnIndex, SettingsMismatch, WorkspaceError
from indexes.manifest import File, Input, Manifest, Segment, VectorSet

KEY_BYTES = 32


@dataclass(frozen=True)
class Workspace:
    """An index directory at one generation. `root` exists; `hasher` holds the index's key."""

    root: Path
    hasher: MinHasher
    manifest: Manifest
    manifest_sha256: str

    @classmethod
    def create(cls, root: Path, *, key: bytes | None = None, with_text: bool = True) -> Workspace:
        """Make a new, empty index; the key is drawn at random unless given (32 bytes).

        Raises WorkspaceError when the directory holds something else already.
        """
        key = secrets.token_bytes(KEY_BYTES) if key is None else key
        hasher = MinHasher(key)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise WorkspaceError(f"{root} is not empty and holds no index; choose an empty directory")
        root.chmod(0o700)
        with manifests.created(root / "KEY") as descriptor:
            manifests.write_all(descriptor, key.hex().encode() + b"\n")
        with manifests.created(root / "LOCK"):
            pass
        for name in ("segments", "vectors"):
            (root / name).mkdir(mode=0o700)
        manifests.publish(root, Manifest(0, "", hasher.settings, with_text))
        return cls.open(root)

    @classmethod
    def open(cls, root: Path, *, complete: bool = True) -> Workspace:
        """Open the newest generation; `complete` False leaves missing files to `damaged`.

        Raises NotAnIndex, IndexDamaged, or SettingsMismatch when the key or the fingerprint
        settings of this software are not those of the index.
        """
        manifest, sha256 = manifests.latest(root)
        hasher = MinHasher(_read_key(root), num_perm=manifest.settings.num_perm, seed=manifest.settings.seed)
        if hasher.settings != manifest.settings:
            raise SettingsMismatch(_difference(root, manifest, hasher))
        for file in manifest.files if complete else ():
            path = root / file.path
            if not path.is_file() or path.stat().st_size != file.size:
                raise IndexDamaged(
                    f"{path} is missing or has another size; run: promptprint verify --index {root}"
                )
        return cls(root, hasher, manifest, sha256)

    @classmethod
    def open_or_create(cls, root: Path, *, key: bytes | None = None, with_text: bool = True) -> Workspace:
        """Open an index, or make it where there is none. A given key must be the index's own."""
        if not manifests.generations(root):
            return cls.create(root, key=key, with_text=with_text)
        opened = cls.open(root)
        if key is not None and MinHasher(key).settings.key_id != opened.manifest.settings.key_id:
            raise SettingsMismatch(f"{root} was made with another key")
        if with_text != opened.manifest.with_text:
            kept = "keeps the texts" if opened.manifest.with_text else "keeps no texts"
            raise SettingsMismatch(f"{root} {kept}; that is fixed when an index is made")
        return opened

    @contextlib.contextmanager
    def writing(self) -> Iterator[Writer]:
        """Hold the write lock. Raises IndexLocked, naming the holder, when another has it."""
        descriptor = os.open(self.root / "LOCK", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 64, 0).decode("ascii", "replace").strip()
                raise IndexLocked(f"{self.root} is being written by process {holder or 'unknown'}") from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            writer = Writer(Workspace.open(self.root))
            writer.sweep()
            yield writer
        finally:
            os.close(descriptor)

    def damaged(self) -> list[str]:
        """Return one line per file that is not what the manifest says, in path order."""
        complaints = []
        for file in self.manifest.files:
            path = self.root / file.path
            if not path.is_file():
                complaints.append(f"{file.path}: missing")
            elif (found := manifests.digest(path)) != file.sha256:
                complaints.append(f"{file.path}: SHA-256 {found}, expected {file.sha256}")
        return complaints


class Writer:
    """Adds to an index while the lock is held; nothing shows before `commit`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._segments: list[Segment] = []
        self._vectors: list[VectorSet] = []
        self._inputs: list[Input] = []
        self._folders = 0

    def sweep(self) -> None:
        """Remove folders of generations that were never published: what a killed writer left."""
        root, generation = self.workspace.root, self.workspace.manifest.generation
        for kind in ("segments", "vectors"):
            for folder in sorted((root / kind).iterdir()):
                if folder.is_dir() and folder.name[:8].isdecimal() and int(folder.name[:8]) > generation:
                    shutil.rmtree(folder)
        for left in root.glob("tmp-*"):
            left.unlink()

    def new_folder(self, kind: str) -> Path:
        """Return a fresh name under `kind` ("segments" or "vectors"); the caller makes it."""
        name = f"{self.workspace.manifest.generation + 1:08d}-{self._folders:04d}"
        self._folders += 1
        return self.workspace.root / kind / name

    def add_segment(self, folder: Path, requests: int, texts: int) -> None:
        """Put a written segment into the next generation."""
        self._segments.append(Segment(folder.name, requests, texts))

    def add_vectors(self, vectors: VectorSet) -> None:
        """Put a written set of embeddings into the next generation."""
        self._vectors.append(vectors)

    def add_input(self, entry: Input) -> None:
        """Record a log file as read to its end."""
        self._inputs.append(entry)

    @property
    def inputs(self) -> Sequence[Input]:
        """All inputs so far, committed or about to be."""
        return (*self.workspace.manifest.inputs, *self._inputs)

    def commit(self) -> Workspace:
        """Publish the next generation: sync and hash the new files, then link the manifest."""
        root, old = self.workspace.root, self.workspace.manifest
        folders = [root / "segments" / s.name for s in self._segments]
        folders += [root / "vectors" / v.name for v in self._vectors]
        files: list[File] = []
        for folder in folders:
            files += [manifests.seal(root, path) for path in sorted(folder.iterdir())]
            manifests.sync_directory(folder)
        for kind in ("segments", "vectors"):
            manifests.sync_directory(root / kind)
        manifests.publish(
            root,
            msgspec.structs.replace(
                old,
                generation=old.generation + 1,
                parent_sha256=self.workspace.manifest_sha256,
                inputs=(*old.inputs, *self._inputs),
                segments=(*old.segments, *self._segments),
                vectors=(*old.vectors, *self._vectors),
                files=(*old.files, *files),
            ),
        )
        self.workspace = Workspace.open(root)
        self._segments, self._vectors, self._inputs, self._folders = [], [], [], 0
        return self.workspace


def _read_key(root: Path) -> bytes:
    path = root / "KEY"
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise NotAnIndex(f"{path} is missing: without its key an index cannot be used") from None
    except (ValueError, UnicodeDecodeError):
        raise IndexDamaged(f"{path} is damaged: it holds 64 hexadecimal digits") from None
    if len(key) != KEY_BYTES:
        raise IndexDamaged(f"{path} is damaged: it holds 64 hexadecimal digits")
    return key


def _difference(root: Path, manifest: Manifest, hasher: MinHasher) -> str:
    theirs, ours = msgspec.to_builtins(manifest.settings), msgspec.to_builtins(hasher.settings)
    if theirs["key_id"] != ours["key_id"]:
        return f"{root / 'KEY'} is not the key this index was made with"
    names = ", ".join(name for name in ours if theirs[name] != ours[name])
    return f"{root} was made with other fingerprint settings ({names}); index the logs anew"
