"""Who writes an index, and who still reads which generation: advisory locks of the operating system.

They end with the process that holds them, however it ends, so no lock is ever stale. A writer
holds LOCK, in which it writes its number. A reader shares the lock of the manifest that it has
opened; garbage collection removes a manifest only when it can have that lock for itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from indexes.errors import IndexLocked

_PATIENCE = 0.5  # seconds in which a new holder will have written its number
_WIDTH = 20


@contextlib.contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold an index's write lock. Raises IndexLocked, naming the holder, when another has it."""
    descriptor = os.open(root / "LOCK", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _acquire(descriptor, root)
        # In one write and of one length, so that nobody reads half a number.
        os.pwrite(descriptor, f"{os.getpid():<{_WIDTH}}\n".encode(), 0)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, root: Path) -> None:
    """Lock, or raise with the holder's number: that of a killed holder may stand there for a moment."""
    patient_until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(descriptor, _WIDTH, 0).decode("ascii", "replace").strip()
        if _runs(holder) or time.monotonic() > patient_until:
            raise IndexLocked(
                f"{root} is being written by process {holder or 'unknown'}; wait for it to end"
            ) from None
        time.sleep(0.01)


def is_written(root: Path) -> bool:
    """Return whether a process holds an index's write lock now."""
    try:
        descriptor = os.open(root / "LOCK", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _runs(process: str) -> bool:
    """Return whether a process of that number is alive, whoever's it is."""
    try:
        os.kill(int(process), 0)
    except PermissionError:
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True


class Pin:
    """Holds a manifest, and with it every file it names, against garbage collection."""

    def __init__(self, descriptor: int) -> None:
        self._close = weakref.finalize(self, os.close, descriptor)

    def release(self) -> None:
        """Let go; done too when nothing refers to the pin any more."""
        self._close()


def pin(manifest: Path) -> tuple[bytes, Pin] | None:
    """Read a manifest and hold it; None when it was removed meanwhile."""
    try:
        descriptor = os.open(manifest, os.O_RDONLY)
    except FileNotFoundError:
        return None
    held = Pin(descriptor)
    with contextlib.suppress(OSError):  # a file system without locks has no garbage collection to fear
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    with open(descriptor, "rb", closefd=False) as stream:
        content = stream.read()
    return (content, held) if _is(descriptor, manifest) else None


def remove_unread(manifest: Path) -> bool:
    """Remove a manifest unless somebody has pinned it; return whether it is gone."""
    try:
        descriptor = os.open(manifest, os.O_RDWR)  # over NFS nothing less can be locked for oneself
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(manifest)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
