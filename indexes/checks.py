"""Published files are used only when their bytes have the manifest's SHA-256.

A file is hashed when it is first opened. What was hashed is remembered in `derived/checked-DAY`, that
day and the next, by the file's inode, size and times: the next process need not read 30 GB to
answer one question. A write, a truncation or a copy in a file's place changes its inode's times,
and the file is hashed again; what rots below the file system is found by `verify`, which believes
nothing, and otherwise two days later at most. As with git's index, a file that changed at the very
moment it was hashed is not remembered.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from indexes import durable
from indexes.errors import IndexDamaged
from indexes.manifest import File

_Found = TypeVar("_Found", File, File | None)

_MEMORY = "derived/checked-"
_DAY = 24 * 3600
# Nanoseconds after a change in which file times may not show another: where they count whole
# seconds, and where they follow the kernel's clock tick.
_COARSE, _FINE = 2_000_000_000, 20_000_000


class Checks:
    """What has been hashed of the files of one generation."""

    def __init__(self, root: Path, files: Iterable[File]) -> None:
        self._root = root
        self._files = {file.path: file for file in files}
        self._done: set[Path] = set()
        self._remembered: frozenset[str] | None = None

    def require(self, paths: Iterable[Path]) -> None:
        """Hash the files that have not been yet. Raises IndexDamaged for one that is not as published."""
        new = [path for path in dict.fromkeys(paths) if path not in self._done]
        if not new:
            return
        if self._remembered is None:
            self._remembered = _read(self._root)
        if len(new) == 1:
            lines = [self._require(new[0])]
        else:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                lines = list(pool.map(self._require, new))
        self._done.update(new)
        remember(self._root, [line for line in lines if line])

    def _require(self, path: Path) -> str:
        """Check one file; return the line to remember it by, empty where there is none to add."""
        name = path.relative_to(self._root).as_posix()
        file = self._files.get(name)
        if file is None:
            raise IndexDamaged(f"{path} is no file of this index; remove it")
        try:
            line = _line(file, os.stat(path))
            if self._remembered and line in self._remembered:
                return ""
            found, line = observed(path, lambda: file if durable.digest(path) == file.sha256 else None)
        except FileNotFoundError:
            found = None
        if found is None:
            raise IndexDamaged(
                f"{path} is missing or not as it was published; run: promptprint verify --index {self._root}"
            )
        return line


def observed(path: Path, hashing: Callable[[], _Found]) -> tuple[_Found, str]:
    """Return what `hashing` returns of a file, and a line to remember it by.

    The line is empty where the file is not what was published, or might change unseen.
    """
    begun, before = time.time_ns(), os.stat(path)
    found = hashing()
    margin = _FINE if before.st_ctime_ns % 1_000_000_000 else _COARSE
    settled = before.st_ctime_ns < begun - margin
    if found is None or not settled or _line(found, before) != _line(found, os.stat(path)):
        return found, ""
    return found, _line(found, before)


def _line(file: File, status: os.stat_result) -> str:
    return (
        f"{file.sha256} {status.st_dev} {status.st_ino} {status.st_size} "
        f"{status.st_mtime_ns} {status.st_ctime_ns}"
    )


def _days(root: Path) -> list[Path]:
    """Return where today's checks are remembered, and yesterday's."""
    today = int(time.time()) // _DAY
    return [root / f"{_MEMORY}{day}" for day in (today, today - 1)]


def _read(root: Path) -> frozenset[str]:
    lines: set[str] = set()
    for path in _days(root):
        with contextlib.suppress(OSError):
            lines.update(path.read_text("ascii", "replace").splitlines())
    return frozenset(lines)


def remember(root: Path, lines: list[str]) -> None:
    """Add to the memory; where that cannot be written, files are hashed every time."""
    if not lines:
        return
    days = _days(root)
    with contextlib.suppress(OSError):
        days[0].parent.mkdir(mode=0o700, exist_ok=True)
        for path in set(root.glob(f"{_MEMORY}*")).difference(days):
            path.unlink()
        descriptor = os.open(days[0], os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, "".join(line + "\n" for line in lines).encode())
        finally:
            os.close(descriptor)
