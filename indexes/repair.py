"""Going back to an older generation that is whole: explicit, because what came after it is lost."""

from __future__ import annotations

from pathlib import Path

import msgspec

from indexes import durable, garbage, locks
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, IndexLocked, writes
from indexes.verify import verify
from indexes.workspace import Workspace


def repair(root: Path, generation: int) -> Workspace:
    """Publish a whole generation again, as the newest, and remove all that came after it.

    Logs that were read after it will be read again by the next `index`. Raises NotAnIndex, IndexDamaged
    for a generation that is not whole, IndexLocked, or WriteFailed.
    """
    garbage.require_own(root)
    manifests.newest(root)
    with writes(root), locks.write_lock(root):
        whole = verify(root).whole
        if generation not in whole:
            known = f"whole are: {', '.join(map(str, whole))}" if whole else "no generation is"
            raise IndexDamaged(
                f"generation {generation} of {root} is not whole; {known}",
                f"what is damaged says: promptprint verify --index {root}",
            )
        old, sha256 = manifests.read(manifests.path_of(root, generation))
        later = [p for p in manifests.generations(root) if manifests.generation_of(p) > generation]
        if later:
            number = manifests.generation_of(later[-1]) + 1
            manifests.publish(root, msgspec.structs.replace(old, generation=number, parent_sha256=sha256))
        for path in later:
            if not locks.remove_unread(path):
                raise IndexLocked(f"a process reads {path}; end it, then run the command again")
        for path in manifests.generations(root):
            if manifests.generation_of(path) < generation and manifests.generation_of(path) not in whole:
                locks.remove_unread(path)
        durable.sync(root)
        garbage.sweep(root)
    return Workspace.open(root)
