"""The index directory: create, open, append.

    KEY                     the secret that keys all fingerprints; guard it like the log
    LOCK                    held by the one process that writes
    MANIFEST-000…n          generation n: every file with size and hash
    segments/000…n-k/       requests, texts and fingerprints of one batch
    vectors/000…n-k/        embeddings of cluster representatives
    derived/                results that can be made again

What a manifest names is immutable. Opening checks that every file is there in full length, and
`checked` that a file is what was published; `indexes.verify` reads and hashes them all.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import msgspec

from fingerprint.minhash import MinHasher
from indexes import checks, durable, garbage, locks
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, NotAnIndex, SettingsMismatch, WorkspaceError, WriteFailed, writes
from indexes.manifest import File, Input, Manifest, Segment, VectorSet

KEY_BYTES = 32
KEPT = 4
"""Generations that an append keeps, to which `repair` can go back."""

_KINDS = ("segments", "vectors")


@dataclass(frozen=True)
class Workspace:
    """An index directory at one generation. `root` exists; `hasher` holds the index's key.

    The generation's files stay while the workspace lives, whatever is written meanwhile.
    """

    root: Path
    hasher: MinHasher
    manifest: Manifest
    manifest_sha256: str
    pin: locks.Pin | None = field(default=None, repr=False, compare=False)

    @classmethod
    def create(cls, root: Path, *, key: bytes | None = None, with_text: bool = True) -> Workspace:
        """Make a new, empty index; the key is drawn at random unless given (32 bytes).

        What a killed creation left is made anew. Raises WorkspaceError when the directory holds
        something else already, WriteFailed, or IndexLocked while another process makes it.
        """
        key = secrets.token_bytes(KEY_BYTES) if key is None else key
        hasher = MinHasher(key)
        with writes(root):
            durable.make_directory(root)
            garbage.require_own(root)
            if not garbage.is_unfinished(root):
                raise WorkspaceError(f"{root} is not empty and holds no index; choose an empty directory")
            root.chmod(0o700)
            with locks.write_lock(root):
                if not garbage.is_unfinished(root):  # another process was faster
                    raise WorkspaceError(f"{root} holds an index already; run the command again")
                (root / "KEY").unlink(missing_ok=True)
                durable.write_file(root / "KEY", key.hex().encode() + b"\n")
                for name in _KINDS:
                    durable.make_directory(root / name)
                garbage.sweep(root)
                manifests.publish(root, Manifest(0, "", hasher.settings, with_text))
        return cls.open(root)

    @classmethod
    def open(cls, root: Path, *, generation: int | None = None) -> Workspace:
        """Open the newest generation, or an older one that has been kept.

        Raises NotAnIndex, IndexDamaged, or SettingsMismatch when the key or the fingerprint
        settings of this software are not those of the index.
        """
        garbage.require_own(root)
        manifest, sha256, pin = _pinned(root, generation)
        hasher = MinHasher(read_key(root), num_perm=manifest.settings.num_perm, seed=manifest.settings.seed)
        if hasher.settings != manifest.settings:
            raise SettingsMismatch(_difference(root, manifest, hasher))
        for file in manifest.files:
            path = root / file.path
            if not path.is_file() or path.stat().st_size != file.size:
                raise IndexDamaged(
                    f"{path} is missing or has another size; run: promptprint verify --index {root}"
                )
        return cls(root, hasher, manifest, sha256, pin)

    @classmethod
    def open_or_create(cls, root: Path, *, key: bytes | None = None, with_text: bool = True) -> Workspace:
        """Open an index, or make it where there is none. A given key must be the index's own."""
        if not manifests.generations(root):
            return cls.create(root, key=key, with_text=with_text)
        opened = cls.open(root)
        if key is not None and MinHasher(key).settings.key_id != opened.manifest.settings.key_id:
            raise SettingsMismatch(
                f"{root} was made with another key; leave it out, or choose another directory"
            )
        if with_text != opened.manifest.with_text:
            kept = "keeps the texts" if opened.manifest.with_text else "keeps no texts"
            raise SettingsMismatch(f"{root} {kept}; that is fixed when it is made: choose another directory")
        return opened

    def writing(self) -> contextlib.AbstractContextManager[Writer]:
        """Hold the write lock, at the newest generation; see `writing`."""
        return writing(self.root)

    def checked(self, *paths: Path) -> None:
        """Let files of this generation be used: raises IndexDamaged, naming it, for one that is altered.

        Each is hashed once (see indexes.checks); several at a time, when given together.
        """
        self._checks.require(paths)

    @cached_property
    def _checks(self) -> checks.Checks:
        return checks.Checks(self.root, self.manifest.files)


@contextlib.contextmanager
def writing(root: Path) -> Iterator[Writer]:
    """Hold an index's write lock, begin with its newest generation, sweep up what killed writers left.

    Raises NotAnIndex, IndexLocked, naming the holder, when another process writes, and WriteFailed for
    whatever the operating system refuses; then what was written and not committed is removed.
    """
    garbage.require_own(root)
    manifests.newest(root)  # what is no index is not to get a LOCK
    with contextlib.ExitStack() as held:
        with writes(root):
            held.enter_context(locks.write_lock(root))
            writer = Writer(Workspace.open(root))
            garbage.sweep(root)
        try:
            yield writer
        except WriteFailed:
            with contextlib.suppress(OSError):  # a full disk gets its space back now, or from the next writer
                garbage.sweep(root)
            raise


class Writer:
    """Adds to an index while the lock is held; nothing shows before `commit`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._segments = list(workspace.manifest.segments)
        self._vectors = list(workspace.manifest.vectors)
        self._inputs = list(workspace.manifest.inputs)
        self._new: list[Path] = []
        self._folders = 0
        self._failed = False

    def new_folder(self, kind: str) -> Path:
        """Return a fresh name under `kind` ("segments" or "vectors"); the caller makes it."""
        name = f"{self.workspace.manifest.generation + 1:08d}-{self._folders:04d}"
        self._folders += 1
        return self.workspace.root / kind / name

    def add_segment(self, folder: Path, requests: int, texts: int) -> None:
        """Put a written segment into the next generation."""
        self._segments.append(Segment(folder.name, requests, texts))
        self._new.append(folder)

    def add_vectors(self, vectors: VectorSet) -> None:
        """Put a written set of embeddings into the next generation."""
        self._vectors.append(vectors)
        self._new.append(self.workspace.root / "vectors" / vectors.name)

    def replace_segments(self, old: Sequence[Segment], new: Segment | None) -> None:
        """Put a written segment, or nothing, in the place of segments that follow one another."""
        first = self._segments.index(old[0])
        if self._segments[first : first + len(old)] != list(old):
            raise ValueError("segments that are replaced by one follow one another")
        self._segments[first : first + len(old)] = [] if new is None else [new]
        self._new += [] if new is None else [self.workspace.root / "segments" / new.name]

    def replace_vectors(self, old: VectorSet, new: VectorSet | None) -> None:
        """Put a written set of embeddings, or nothing, in the place of another."""
        place = self._vectors.index(old)
        self._vectors[place : place + 1] = [] if new is None else [new]
        self._new += [] if new is None else [self.workspace.root / "vectors" / new.name]

    def rewriting(self) -> contextlib.AbstractContextManager[None]:
        """Raise WriteFailed when a write fails as what is there is written anew: its size is enough."""
        return writes(self.workspace.root, sum(file.size for file in self.workspace.manifest.files))

    def put_input(self, source: int, entry: Input) -> None:
        """Record how far a log has been read: a new one, or source's in place of what is known of it."""
        self._inputs[source : source + 1] = [entry]

    @property
    def inputs(self) -> Sequence[Input]:
        """All inputs so far, committed or about to be."""
        return self._inputs

    def commit(self) -> Workspace:
        """Publish the next generation: sync and hash the new files, then link the manifest.

        Generations before the KEPT newest are removed, unless somebody reads them. Raises
        WriteFailed; after that the writer is of no more use: what is on disk is known by opening it.
        """
        root, old = self.workspace.root, self.workspace.manifest
        if self._failed:
            raise WorkspaceError(f"{root}: an earlier commit failed; open the index anew")
        self._failed = True
        with writes(root):
            sealed = self._seal()
            files = self._kept_files() + [file for file, _ in sealed]
            manifests.publish(
                root,
                msgspec.structs.replace(
                    old,
                    generation=old.generation + 1,
                    parent_sha256=self.workspace.manifest_sha256,
                    inputs=tuple(self._inputs),
                    segments=tuple(self._segments),
                    vectors=tuple(self._vectors),
                    files=tuple(files),
                ),
            )
        checks.remember(root, [line for _, line in sealed if line])
        self.workspace = Workspace.open(root)
        with contextlib.suppress(WriteFailed):  # what could not be removed is, after the next commit
            garbage.collect(root, KEPT)
        self._new, self._folders, self._failed = [], 0, False
        return self.workspace

    def _kept_files(self) -> list[File]:
        """Return the entries of the published files that stay."""
        kept = {f"segments/{s.name}" for s in self._segments} | {f"vectors/{v.name}" for v in self._vectors}
        return [f for f in self.workspace.manifest.files if f.path.rpartition("/")[0] in kept]

    def _seal(self) -> list[tuple[File, str]]:
        """Sync and hash the new files, several at a time; then the folders they are in.

        Each comes with a line to remember it by, so that readers need not hash it again.
        """
        root = self.workspace.root
        paths = [path for folder in self._new for path in sorted(folder.iterdir())]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            seal = partial(manifests.seal, root)
            sealed = list(pool.map(lambda path: checks.observed(path, partial(seal, path)), paths))
        for folder in (*self._new, *(root / kind for kind in _KINDS)):
            durable.sync(folder)
        return sealed


def _pinned(root: Path, generation: int | None) -> tuple[Manifest, str, locks.Pin]:
    """Return a generation's manifest, held; again when it was removed before it could be."""
    while True:
        path = manifests.newest(root) if generation is None else manifests.path_of(root, generation)
        held = locks.pin(path)
        if held is not None:
            raw, pin = held
            return *manifests.decode(raw, path), pin
        if generation is not None:
            kept = ", ".join(str(manifests.generation_of(path)) for path in manifests.generations(root))
            raise NotAnIndex(f"{root} holds no generation {generation}; it holds {kept}")


def read_key(root: Path) -> bytes:
    """Return an index's key. Raises IndexDamaged."""
    path, mend = root / "KEY", "without it an index cannot be used: restore it, or index the logs anew"
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        raise IndexDamaged(f"{path} is missing", mend) from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise IndexDamaged(f"{path} is damaged: it is to hold 64 hexadecimal digits", mend)
    return key


def _difference(root: Path, manifest: Manifest, hasher: MinHasher) -> str:
    theirs, ours = msgspec.to_builtins(manifest.settings), msgspec.to_builtins(hasher.settings)
    if theirs["key_id"] != ours["key_id"]:
        return f"{root / 'KEY'} is not the key this index was made with; put that back"
    names = ", ".join(name for name in ours if theirs[name] != ours[name])
    return f"{root} was made with other fingerprint settings ({names}); index the logs anew"
