"""Files that survive a crash: written under new names, then synced.

Every byte that an index directory holds is written here, by `os.write` into a file that was not
there before. What has not been synced may be gone after a power cut, and in any order;
`benchmarks/faults/crashes.py` tries those orders.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class NewFile(io.RawIOBase):
    """A file being written, for `np.save`, `pq.write_table` and the like."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the bytes written so far; there is no seeking."""
        return self._size

    def write(self, data: Any) -> int:
        """Write every byte; a short write is carried on."""
        view = memoryview(data).cast("B")
        length = len(view)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self._size += length
        return length


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[NewFile]:
    """Open a new file for writing, 0600, never over an old one; to be synced before it counts."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        yield NewFile(descriptor)
        _begin_writeback(descriptor)
    finally:
        os.close(descriptor)


def _begin_writeback(descriptor: int) -> None:
    """Have the disk begin to take a finished file, so that its sync, which comes later, waits less.

    That is what Linux does when a file's pages are said to be of no more use; those that are yet to be
    written stay in memory.
    """
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def write_file(path: Path, content: bytes) -> None:
    """Write a new file, 0600, never over an old one, and sync it."""
    with new_file(path) as stream:
        stream.write(content)
    sync(path)


def make_directory(path: Path) -> None:
    """Make a private directory, and those above it, durably; what is there stays as it is.

    That it is there does not say that it lasts: whoever made it may have been killed before the sync.
    """
    if not path.is_dir():
        make_directory(path.parent)
        os.mkdir(path, 0o700)
    with contextlib.suppress(PermissionError):  # a directory above that we may pass and not read
        sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a directory's entries, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
