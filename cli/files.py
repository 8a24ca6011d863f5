"""Paths from the command line → the files they name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def named(paths: Iterable[str]) -> list[Path]:
    """Return the files of paths. Raises LogError for one that is not there or cannot be written down."""
    import promptlog

    files = promptlog.walk(paths)
    for file in files:
        try:
            str(file).encode()
        except UnicodeEncodeError:
            raise promptlog.LogError(f"{file}: the name is not UTF-8, so no index can keep it") from None
    return files
