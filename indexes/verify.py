"""Is everything in an index as it was published? Reads and hashes every file of every generation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from fingerprint.minhash import MinHasher
from indexes import durable, garbage, locks
from indexes import manifest as manifests
from indexes.errors import IndexDamaged
from indexes.manifest import File, Manifest
from indexes.workspace import read_key


class Damage(msgspec.Struct, frozen=True):
    """One file that is not as it was published, by its path under the index directory."""

    path: str
    reason: str


class Health(msgspec.Struct, frozen=True):
    """What verify found. `whole` are the generations that can be opened, oldest first.

    leftovers: what killed writers left and the next one will remove; no damage. Not told while
    somebody writes.
    """

    schema_version: int
    generation: int
    files: int
    bytes: int
    damaged: tuple[Damage, ...]
    whole: tuple[int, ...]
    leftovers: tuple[str, ...]


def verify(root: Path) -> Health:
    """Check the manifests, their chain, the key, and all files they name.

    Each generation stays until all is read, whoever writes meanwhile. Raises NotAnIndex, or
    SettingsMismatch for another format.
    """
    garbage.require_own(root)
    with contextlib.ExitStack() as held:
        return _verify(root, held)


def _verify(root: Path, held: contextlib.ExitStack) -> Health:
    newest, published, damaged = _manifests(root, held)
    damaged += _key(root, published)
    files = {file: None for manifest, _ in published.values() for file in manifest.files}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        reasons = dict(zip(files, pool.map(lambda file: _reason(root, file), files), strict=True))
    damaged += [Damage(file.path, reason) for file, reason in reasons.items() if reason]
    key_is_whole = not any(damage.path == "KEY" for damage in damaged)
    return Health(
        schema_version=1,
        generation=manifests.generation_of(newest),
        files=len(files),
        bytes=sum(file.size for file in files),
        damaged=tuple(sorted(damaged, key=lambda damage: damage.path)),
        whole=tuple(
            generation
            for generation, (manifest, _) in published.items()
            if key_is_whole and not any(reasons[file] for file in manifest.files)
        ),
        leftovers=_leftovers(root),
    )


def _manifests(
    root: Path, held: contextlib.ExitStack
) -> tuple[Path, dict[int, tuple[Manifest, str]], list[Damage]]:
    """Return the newest manifest's path, the readable ones by generation, and what is wrong with others."""
    found: dict[int, tuple[Manifest, str]] = {}
    damaged: list[Damage] = []
    newest = manifests.newest(root)
    for path in reversed(manifests.generations(root)):
        try:
            pinned = locks.pin(path)
            if pinned is not None:
                held.callback(pinned[1].release)
                found[manifests.generation_of(path)] = manifests.decode(pinned[0], path)
            elif path == newest:
                return _manifests(root, held)  # a later one has taken its place
        except (OSError, IndexDamaged) as error:
            reason = error.damage if isinstance(error, IndexDamaged) else f"is unreadable: {error.strerror}"
            damaged.append(Damage(path.name, reason.removeprefix(f"{path} ")))
    found = dict(sorted(found.items()))
    for generation, (manifest, _) in list(found.items()):
        earlier = [sha256 for number, (_, sha256) in found.items() if number < generation]
        # A repaired generation was made from an older one than the last.
        if generation - 1 in found and manifest.parent_sha256 not in earlier:
            name = manifests.path_of(root, generation).name
            damaged.append(Damage(name, f"was not made from generation {generation - 1} as it is here"))
            del found[generation]
    return newest, found, damaged


def _key(root: Path, published: dict[int, tuple[Manifest, str]]) -> list[Damage]:
    try:
        key = read_key(root)
    except IndexDamaged as error:
        return [Damage("KEY", error.damage.removeprefix(f"{root / 'KEY'} "))]
    if (root / "KEY").read_bytes() != key.hex().encode() + b"\n":
        return [Damage("KEY", "is not as it was written")]
    ids: Iterable[str] = {manifest.settings.key_id for manifest, _ in published.values()}
    if any(key_id != MinHasher(key).settings.key_id for key_id in ids):
        return [Damage("KEY", "is not the key this index was made with")]
    return []


def _reason(root: Path, file: File) -> str:
    """Return what is wrong with a file, empty when nothing is."""
    path = root / file.path
    try:
        size = path.stat().st_size
        if size != file.size:
            return f"{size} bytes long, not {file.size}"
        found = durable.digest(path)
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return "" if found == file.sha256 else f"SHA-256 {found}, expected {file.sha256}"


def _leftovers(root: Path) -> tuple[str, ...]:
    """Return what the next writer will remove: unknown while one is at work or a manifest is damaged."""
    try:
        found = tuple(path.relative_to(root).as_posix() for path in garbage.leftovers(root))
    except (FileNotFoundError, IndexDamaged):
        return ()
    return () if locks.is_written(root) else found
