"""What can be wrong with an index directory, as its user can mend it.

PromptprintError
└── WorkspaceError
    ├── NotAnIndex       nothing there to open
    ├── IndexDamaged     a file is missing, short or altered; names it
    ├── IndexLocked      another process writes, or reads what is to go
    ├── WriteFailed      the disk is full, read-only or failing; what was committed is safe
    ├── SettingsMismatch fingerprints that cannot be compared with these
    └── NoVectors        search by meaning without embeddings
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from promptlog.errors import PromptprintError


class WorkspaceError(PromptprintError):
    """Something about an index directory."""


class NotAnIndex(WorkspaceError):
    """The directory holds no index."""


class IndexDamaged(WorkspaceError):
    """A published file is not what the manifest says; the message names it.

    damage, mend: what is wrong, and what to do about it; the message is both.
    """

    def __init__(self, damage: str, mend: str = "") -> None:
        super().__init__(f"{damage}; {mend}" if mend else damage)
        self.damage = damage


class IndexLocked(WorkspaceError):
    """Another process is writing to this index, or reads a generation that is to be removed."""


class WriteFailed(WorkspaceError):
    """The operating system refused a write; the index is as it was after its last commit."""


class SettingsMismatch(WorkspaceError):
    """The key, the settings or the software version differ from the index's own."""


class NoVectors(WorkspaceError):
    """The index holds no embeddings to search by meaning."""


_ADVICE = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EDQUOT: "free some space and run the command again",
    errno.EROFS: "the disk is read-only; the index can be read there, not changed",
    errno.EACCES: "it belongs to somebody else; run the command as its owner",
    errno.EPERM: "it belongs to somebody else; run the command as its owner",
}


@contextlib.contextmanager
def writes(root: Path) -> Iterator[None]:
    """Raise WriteFailed, saying what to do, for an OSError while an index is written to."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "check the disk, then run the command again")
        raise WriteFailed(
            f"{root} could not be written: {reason}; what was committed is safe; {advice}"
        ) from error
