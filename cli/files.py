"""Paths from the command line → the files they name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def named(paths: Iterable[str]) -> list[Path]:
    """Return the files of paths. Raises LogError for one that is not there."""
    import promptlog

    return promptlog.walk(paths)


def spelt(name: str) -> str:
    """Return a file name, or a message with one, as JSON can hold it: what is not UTF-8 is spelt out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
