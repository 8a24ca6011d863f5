"""What no generation needs any more, and what killed writers left: found and removed.

A manifest goes first, and its going is made durable before a file that it names is removed: so
every manifest that is there, after whatever crash, has all its files. The write lock is to be held.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from indexes import durable, locks
from indexes import manifest as manifests
from indexes.errors import writes

_OURS = {"KEY", "LOCK", "segments", "vectors"}


def collect(root: Path, keep: int) -> list[int]:
    """Remove all but the `keep` newest generations and what only they need.

    Return the older generations that stay because somebody reads them. Raises WriteFailed.
    """
    with writes(root):
        old = manifests.generations(root)[:-keep]
        kept = [manifests.generation_of(path) for path in old if not locks.remove_unread(path)]
        sweep(root)
    return kept


def sweep(root: Path) -> None:
    """Remove folders that no manifest names, and files that were to become manifests."""
    unnamed = leftovers(root)
    if unnamed:
        durable.sync(root)  # so that no manifest that names them comes back
    for path in unnamed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for folder in {path.parent for path in unnamed}:
        durable.sync(folder)  # so that nothing of what was erased comes back


def leftovers(root: Path) -> list[Path]:
    """Return what a writer made and no generation names, in path order."""
    named: set[Path] = set()
    for path in manifests.generations(root):
        manifest, _ = manifests.read(path)
        named |= {root / "segments" / s.name for s in manifest.segments}
        named |= {root / "vectors" / v.name for v in manifest.vectors}
    return sorted({*_folders(root), *root.glob("tmp-*")} - named)


def is_unfinished(root: Path) -> bool:
    """Return whether a directory is empty, or holds only what a killed `Workspace.create` left."""
    inside = {path.name for path in root.iterdir() if not path.name.startswith("tmp-")}
    return inside <= _OURS and not _folders(root)


def _folders(root: Path) -> list[Path]:
    return [path for kind in ("segments", "vectors") for path in (root / kind).glob("*")]
