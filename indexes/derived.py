"""Results that can be made again, kept beside the index so that they need not be.

Nothing here is part of a generation, and anything may be deleted at any time. Every file starts
with a keyed hash over its name, the manifest it was made from and its content: what was altered,
belongs to another generation or came from another index is passed over as if it were not there.
What follows from the segments alone is made from a manifest's list of those, so it outlives new vectors.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import os
import secrets
import shutil
from pathlib import Path

import msgspec

from indexes import durable
from indexes.workspace import Workspace

_FOLDER = "derived"
_MARK = 64
_TRIES = 100


def load(workspace: Workspace, name: str, *, of_segments: bool = False) -> bytes | None:
    """Return what was saved under a name for this very generation, or its segments, or None."""
    try:
        raw = (workspace.root / _FOLDER / name).read_bytes()
    except OSError:
        return None
    content = raw[_MARK:]
    return content if hmac.compare_digest(raw[:_MARK], _seal(workspace, name, content, of_segments)) else None


def save(workspace: Workspace, name: str, content: bytes, *, of_segments: bool = False) -> None:
    """Keep a result; an index that cannot be written to is no error.

    of_segments: it follows from the segments alone, whatever vectors there are.
    """
    folder = workspace.root / _FOLDER
    temporary = folder / f"tmp-{secrets.token_hex(8)}"
    with contextlib.suppress(OSError):
        durable.make_directory(folder)
        durable.write_file(temporary, _seal(workspace, name, content, of_segments) + content)
        os.replace(temporary, folder / name)


def clear(root: Path) -> None:
    """Remove all of an index's results that can be made again, whoever adds or removes some meanwhile.

    Raises OSError where that cannot be done.
    """
    folder = root / _FOLDER
    for tries_left in reversed(range(_TRIES)):
        if not folder.exists():
            return
        try:
            shutil.rmtree(folder)
            durable.sync(root)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY) or not tries_left:
                raise


def _seal(workspace: Workspace, name: str, content: bytes, of_segments: bool) -> bytes:
    source = workspace.manifest_sha256.encode()
    if of_segments:
        files = [file for file in workspace.manifest.files if file.path.startswith("segments/")]
        source = hashlib.sha256(msgspec.json.encode(files)).hexdigest().encode()
    whole = b"\0".join([name.encode(), source, content])
    return hmac.new(workspace.hasher.derive(b"derived"), whole, "sha256").hexdigest().encode()
