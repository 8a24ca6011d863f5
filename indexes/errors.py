"""What can be wrong with an index directory, as its user can mend it.

PromptprintError
└── WorkspaceError
    ├── NotAnIndex       nothing there to open
    ├── IndexDamaged     a file is missing, short or altered; names it
    ├── IndexLocked      another process writes
    ├── SettingsMismatch fingerprints that cannot be compared with these
    └── NoVectors        search by meaning without embeddings
"""

from __future__ import annotations

from promptlog.errors import PromptprintError


class WorkspaceError(PromptprintError):
    """Something about an index directory."""


class NotAnIndex(WorkspaceError):
    """The directory holds no index."""


class IndexDamaged(WorkspaceError):
    """A published file is not what the manifest says; the message names it."""


class IndexLocked(WorkspaceError):
    """Another process is writing to this index."""


class SettingsMismatch(WorkspaceError):
    """The key, the settings or the software version differ from the index's own."""


class NoVectors(WorkspaceError):
    """The index holds no embeddings to search by meaning."""
