"""Paths as a user gives them → the files to read, always in the same order."""

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from promptlog.containers import STDIN
from promptlog.errors import LogError


def walk(paths: Iterable[str | Path]) -> list[Path]:
    """Return the files of paths: files, "-", globs, and directories with all below them.

    Paths keep their order, and what is found within one is sorted. A file comes once.
    Hidden files and linked directories are left out. Raises LogError for a path that is
    not there, or a glob that nothing matches.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for file in _files(str(path)):
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def spelt(path: str | Path) -> str:
    """Return a file's name as text: names are bytes, and what is not UTF-8 in them is spelt out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _files(path: str) -> Iterator[Path]:
    if path == STDIN or (os.path.exists(path) and not os.path.isdir(path)):
        yield Path(path)
    elif os.path.isdir(path):
        yield from _below(path)
    else:
        matches = sorted(glob.glob(path, recursive=True))
        if not matches:
            raise LogError(f"{path}: there is no such file or directory")
        for match in matches:
            yield from _files(match)


def _below(directory: str) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file():
                yield file
