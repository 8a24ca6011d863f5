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


_NO_PLACE = "a file is where a directory is to be: choose another path"
_ADVICE = {
    errno.EEXIST: _NO_PLACE,
    errno.ENOTDIR: _NO_PLACE,
    errno.EROFS: "it can be read there; to change it, copy it to a disk that can be written",
    errno.EACCES: "it belongs to somebody else; run the command as its owner",
    errno.EPERM: "it belongs to somebody else, or its file system keeps no permissions; "
    "run the command as its owner, or keep the index on another file system",
}
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def writes(root: Path, needed: int = 0) -> Iterator[None]:
    """Raise WriteFailed, saying what to do, for an OSError while an index is written to.

    needed: the bytes that are written at most, where that is known.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "check the disk, then run the command again")
        if error.errno in _FULL:
            space = f"some space ({needed:,} bytes at most)" if needed else "some space"
            advice = f"free {space} and run the command again"
        raise write_failed(root, error.strerror or str(error), advice) from error


def write_failed(root: Path, reason: str, advice: str) -> WriteFailed:
    """Return the error of an index that could not be written, for a reason, and what to do about it."""
    return WriteFailed(f"{root} could not be written: {reason}; what was committed is safe; {advice}")
