"""Every call that changes an index made to fail once, as a full and as a failing disk would have it.

    python -m benchmarks.faults.io_errors [--requests 24] [--every 1]

Append, compaction and erasure are run once for each of their calls and each error. The command must
end with a typed error (or do without what failed, such as the removal of something old); the index
must open at the old generation, or at the new one where the command succeeded, without damage; and
the same command run again must give what an undisturbed run gives. So must a run in which the system
takes only half of what each write hands to it.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.faults import results, sample
from benchmarks.faults.crashes import operations
from benchmarks.faults.shim import Call, watching
from benchmarks.kept import parsed
from indexes.errors import NotAnIndex, WorkspaceError
from indexes.verify import verify
from indexes.workspace import Workspace

ERRORS = (errno.EIO, errno.ENOSPC)
SOUND = frozenset({"typed error", "done without", "typed error after the commit", "short writes carried on"})
"""What may come of a call that fails."""


def calls(operation: Callable[[Path], object], root: Path) -> list[Call]:
    """Return the calls that an operation makes, on a copy of an index."""
    made: list[Call] = []
    with _copy(root) as copy, watching(copy, before=made.append):
        operation(copy)
    return made


def fail_each(operation: Callable[[Path], object], root: Path, every: int = 1) -> Counter[str]:
    """Fail every call of an operation, or one in so many, with each error; return what came of it.

    Then let every write be short, at once.
    """
    with _copy(root) as undisturbed:
        operation(undisturbed)
        expected = content(undisturbed)
    old, outcome = content(root), Counter[str]()
    for place in range(0, len(calls(operation, root)), every):
        for number in ERRORS:
            with _copy(root) as copy:
                outcome.update([_fail(operation, copy, place, number, old, expected)])
    with _copy(root) as copy:
        outcome.update([_shorten(operation, copy, expected)])
    return outcome


def _shorten(operation: Callable[[Path], object], root: Path, expected: object) -> str:
    write = os.write

    def half(descriptor: int, data: Any) -> int:
        return write(descriptor, memoryview(data).cast("B")[: (len(data) + 1) // 2])

    with mock.patch.object(os, "write", half):
        operation(root)
    carried_on = content(root) == expected and not verify(root).damaged
    return f"short writes {'' if carried_on else 'not '}carried on"


def _fail(
    operation: Callable[[Path], object],
    root: Path,
    place: int,
    number: int,
    old: object,
    expected: object,
) -> str:
    left = [place]

    def fail(call: Call) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise OSError(number, os.strerror(number), str(call.path))

    try:
        with watching(root, before=fail):
            operation(root)
        said = "done without"
        allowed = expected
    except WorkspaceError:
        said = "typed error"
        allowed = old
    except Exception as error:  # the experiment counts what should not be
        return f"untyped error: {type(error).__name__}"
    found = content(root)
    if found != allowed:
        # An error after the commit: what was to be removed was not.
        if said == "done without" or found != expected:
            return f"{said}, and another generation"
        said = "typed error after the commit"
    if found and verify(root).damaged:
        return f"{said}, and damage"
    try:
        operation(root)
    except WorkspaceError as error:
        return f"{said}, and no later run: {type(error).__name__}"
    return said if content(root) == expected else f"{said}, and a later run does something else"


def content(root: Path) -> object:
    """Return what an index holds, whatever its folders and generations are called."""
    try:
        manifest = Workspace.open(root).manifest
    except NotAnIndex:
        return None
    if manifest.generation == 0:
        return None  # an index just made is as good as none
    files = [(file.path.rpartition("/")[2], file.sha256) for file in manifest.files]
    return files, [(log.path, log.sha256, log.records) for log in manifest.inputs]


class _copy:
    """A copy of an index, for as long as a block lasts."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> Path:
        self._copy = self._root.with_name(f"{self._root.name}-copy")
        shutil.rmtree(self._copy, ignore_errors=True)
        shutil.copytree(self._root, self._copy)
        return self._copy

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._copy)


def run(requests: int, every: int) -> dict[str, Counter[str]]:
    """Return what came of the failures of each operation."""
    found = {}
    with sample.scratch() as folder:
        for name, root, operation, _ in operations(folder, requests):
            root.mkdir(exist_ok=True)
            found[name] = fail_each(operation, root, every)
            operation(root)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--every", type=int, default=1, help="Fail one call in so many.")
    options = parsed(parser)
    outcomes = run(options.requests, options.every)
    results.keep(
        "io_errors",
        options,
        one_call_in=options.every,
        failed_calls=sum(sum(one.values()) for one in outcomes.values()),
        failures=sum(count for one in outcomes.values() for said, count in one.items() if said not in SOUND),
        operations={name: dict(one) for name, one in outcomes.items()},
    )


if __name__ == "__main__":
    main()
