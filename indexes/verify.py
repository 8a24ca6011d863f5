"""Is everything in an index as it was published? Reads and hashes every file of every generation."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from fingerprint.minhash import MinHasher
from indexes import durable, garbage
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, WorkspaceError
from indexes.manifest import File, Manifest
from indexes.workspace import read_key


class Damage(msgspec.Struct, frozen=True):
    """One file that is not as it was published, by its path under the index directory."""

    path: str
    reason: str


class Health(msgspec.Struct, frozen=True):
    """What verify found. `whole` are the generations that can be opened, oldest first.

    leftovers: what killed writers left and the next one will remove; no damage.
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

    Raises NotAnIndex, or SettingsMismatch for another format.
    """
    newest = manifests.newest(root)
    published, damaged = _manifests(root)
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
        leftovers=_leftovers(root, damaged),
    )


def _manifests(root: Path) -> tuple[dict[int, tuple[Manifest, str]], list[Damage]]:
    """Return the readable manifests by generation, and what is wrong with the others."""
    found, damaged = {}, []
    for path in manifests.generations(root):
        try:
            found[manifests.generation_of(path)] = manifests.read(path)
        except (OSError, IndexDamaged) as error:
            damaged.append(Damage(path.name, str(error).removeprefix(f"{path} ")))
    for generation, (manifest, _) in list(found.items()):
        parent = found.get(generation - 1)
        if parent and manifest.parent_sha256 != parent[1]:
            name = manifests.path_of(root, generation).name
            damaged.append(Damage(name, f"was not made from generation {generation - 1} as it is here"))
            del found[generation]
    return found, damaged


def _key(root: Path, published: dict[int, tuple[Manifest, str]]) -> list[Damage]:
    try:
        key = read_key(root)
    except WorkspaceError as error:
        return [Damage("KEY", str(error))]
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


def _leftovers(root: Path, damaged: list[Damage]) -> tuple[str, ...]:
    """Return what the next writer will remove: unknown while a manifest is damaged."""
    try:
        return tuple(path.relative_to(root).as_posix() for path in garbage.leftovers(root))
    except IndexDamaged:
        return ()
