"""Results that can be made again, kept beside the index so that they need not be.

Nothing here is part of a generation, and anything may be deleted at any time. Every file starts
with a keyed hash over its name, the manifest it was made from and its content: what was altered,
belongs to another generation or came from another index is passed over as if it were not there.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import shutil
from pathlib import Path

from indexes import durable
from indexes.workspace import Workspace

_FOLDER = "derived"
_MARK = 64


def load(workspace: Workspace, name: str) -> bytes | None:
    """Return what was saved under a name for this very generation, or None."""
    try:
        raw = (workspace.root / _FOLDER / name).read_bytes()
    except OSError:
        return None
    content = raw[_MARK:]
    return content if hmac.compare_digest(raw[:_MARK], _seal(workspace, name, content)) else None


def save(workspace: Workspace, name: str, content: bytes) -> None:
    """Keep a result; an index that cannot be written to is no error."""
    folder = workspace.root / _FOLDER
    temporary = folder / f"tmp-{secrets.token_hex(8)}"
    with contextlib.suppress(OSError):
        durable.make_directory(folder)
        durable.write_file(temporary, _seal(workspace, name, content) + content)
        os.replace(temporary, folder / name)


def clear(root: Path) -> None:
    """Remove all of an index's results that can be made again."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root / _FOLDER)
        durable.sync(root)


def _seal(workspace: Workspace, name: str, content: bytes) -> bytes:
    key = workspace.hasher.derive(b"derived")
    whole = b"\0".join([name.encode(), workspace.manifest_sha256.encode(), content])
    return hmac.new(key, whole, "sha256").hexdigest().encode()
