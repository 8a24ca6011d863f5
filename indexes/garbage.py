"""What no generation needs any more, and what killed writers left: found and removed.

A manifest goes first, and its going is made durable before a file that it names is removed: so
every manifest that is there, after whatever crash, has all its files. The write lock is to be held.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from indexes import durable, locks
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, writes

_OURS = {"KEY", "LOCK", "segments", "vectors"}
_TEMPORARY = re.compile(r"tmp-\d+-\d+")  # see manifest.publish


def collect(root: Path, keep: int) -> list[int]:
    """Remove all but the `keep` newest generations and what only they need.

    Return the older generations that stay because somebody reads them. Raises WriteFailed.
    """
    with writes(root):
        old = manifests.generations(root)[:-keep]
        kept = [path for path in old if not locks.remove_unread(path)]
        if len(kept) < len(old):
            durable.sync(root)  # before a file goes that they named; and a manifest tells of logs itself
        sweep(root)
    return [manifests.generation_of(path) for path in kept]


def sweep(root: Path) -> None:
    """Remove folders that no manifest names, and files that were to become manifests."""
    unnamed = leftovers(root)
    if unnamed:
        durable.sync(root)  # so that no manifest that names them comes back
    for path in unnamed:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for folder in {path.parent for path in unnamed}:
        durable.sync(folder)  # so that nothing of what was erased comes back


def leftovers(root: Path) -> list[Path]:
    """Return what a writer made and no generation names, in path order.

    What does not have a name of ours is somebody else's, and stays.
    """
    found = {*_folders(root), *_temporary(root)}  # before the manifests, which may come to name them
    named: set[Path] = set()
    for path in manifests.generations(root):
        manifest, _ = manifests.read(path)
        named |= {root / "segments" / s.name for s in manifest.segments}
        named |= {root / "vectors" / v.name for v in manifest.vectors}
    return sorted(found - named)


def is_unfinished(root: Path) -> bool:
    """Return whether a directory is empty, or holds only what a killed `Workspace.create` left."""
    inside = {path.name for path in root.iterdir()} - {path.name for path in _temporary(root)}
    return inside <= _OURS and not any(any((root / kind).glob("*")) for kind in ("segments", "vectors"))


def require_own(root: Path) -> None:
    """Refuse an index in which a link points elsewhere: sweeping up there would remove what is not ours."""
    for name in (*sorted(_OURS), "derived"):
        if (root / name).is_symlink():
            raise IndexDamaged(
                f"{root / name} is a symbolic link, and an index lies whole in its own directory",
                "move there what it points to if the index is yours, and leave it alone if it is not",
            )


def _folders(root: Path) -> list[Path]:
    kinds = [(root / kind).glob("*") for kind in ("segments", "vectors")]
    return [path for kind in kinds for path in kind if manifests.FOLDER.fullmatch(path.name)]


def _temporary(root: Path) -> list[Path]:
    return [path for path in root.glob("tmp-*") if _TEMPORARY.fullmatch(path.name)]
