"""Between promptprint and the operating system: every call that changes a directory is seen first.

`watching` replaces the functions of `os` by which everything in an index is written, in all threads.
An observer may note a call, or raise the OSError that a failing disk would. That nothing writes
past these functions is not assumed: `crashes.py` compares what it was told with what is there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One call below the directory that is watched.

    name: create, write, truncate, sync, link, unlink, rename, mkdir or rmdir. path: what it is done
    to. other: the new name of link and rename. offset, data: of a write; offset: of truncate.
    """

    name: str
    path: Path
    other: Path | None = None
    offset: int = 0
    data: bytes = b""


class _Shim:
    def __init__(self, root: Path, before: Callable[[Call], None], after: Callable[[Call], None]) -> None:
        self._root = root
        self._before, self._after = before, after
        self._lock = threading.RLock()
        self._real = {
            name: getattr(os, name)
            for name in (
                "open", "close", "write", "pwrite", "ftruncate", "fsync", "link", "unlink", "remove",
                "rename", "replace", "mkdir", "rmdir",
            )
        }  # fmt: skip
        self._paths: dict[int, Path] = {}
        self._offsets: dict[int, int] = {}

    def install(self) -> None:
        for name in self._real:
            setattr(os, name, getattr(self, name))

    def remove_shim(self) -> None:
        for name, function in self._real.items():
            setattr(os, name, function)

    def _path(self, path: Any, dir_fd: int | None = None) -> Path:
        name = Path(os.fsdecode(path))
        return self._paths[dir_fd] / name if dir_fd in self._paths else name

    def _do(self, call: Call, function: str, *args: Any, **options: Any) -> Any:
        if not call.path.is_relative_to(self._root):
            return self._real[function](*args, **options)
        with self._lock:
            self._before(call)
            result = self._real[function](*args, **options)
            self._after(call)
            return result

    def open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        where = self._path(path, dir_fd)
        with self._lock:
            if flags & os.O_CREAT and not where.exists():
                descriptor = self._do(Call("create", where), "open", path, flags, mode, dir_fd=dir_fd)
            else:
                descriptor = self._real["open"](path, flags, mode, dir_fd=dir_fd)
            self._paths[descriptor] = where
            self._offsets[descriptor] = where.stat().st_size if flags & os.O_APPEND else 0
        return int(descriptor)

    def close(self, descriptor: int) -> None:
        with self._lock:
            self._paths.pop(descriptor, None)
            self._real["close"](descriptor)

    def write(self, descriptor: int, data: Any) -> int:
        path = self._paths.get(descriptor)
        if path is None:
            return int(self._real["write"](descriptor, data))
        offset = self._offsets[descriptor]
        written = self._do(Call("write", path, None, offset, bytes(data)), "write", descriptor, data)
        self._offsets[descriptor] = offset + written
        return int(written)

    def pwrite(self, descriptor: int, data: Any, offset: int) -> int:
        call = Call("write", self._paths[descriptor], None, offset, bytes(data))
        return int(self._do(call, "pwrite", descriptor, data, offset))

    def ftruncate(self, descriptor: int, size: int) -> None:
        self._do(Call("truncate", self._paths[descriptor], None, size), "ftruncate", descriptor, size)

    def fsync(self, descriptor: int) -> None:
        self._do(Call("sync", self._paths[descriptor]), "fsync", descriptor)

    def link(self, source: Any, target: Any, **options: Any) -> None:
        self._do(Call("link", self._path(source), self._path(target)), "link", source, target, **options)

    def rename(self, source: Any, target: Any, **options: Any) -> None:
        call = Call("rename", self._path(source), self._path(target))
        self._do(call, "rename", source, target, **options)

    replace = rename

    def unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._do(Call("unlink", self._path(path, dir_fd)), "unlink", path, dir_fd=dir_fd)

    remove = unlink

    def mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        self._do(Call("mkdir", self._path(path, dir_fd)), "mkdir", path, mode, dir_fd=dir_fd)

    def rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        self._do(Call("rmdir", self._path(path, dir_fd)), "rmdir", path, dir_fd=dir_fd)


def _nothing(call: Call) -> None:
    pass


@contextlib.contextmanager
def watching(
    root: Path, *, before: Callable[[Call], None] = _nothing, after: Callable[[Call], None] = _nothing
) -> Iterator[None]:
    """Have every change below a directory told to `before` it is made and `after` it was."""
    shim = _Shim(root, before, after)
    shim.install()
    try:
        yield
    finally:
        shim.remove_shim()
