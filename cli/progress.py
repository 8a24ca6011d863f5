"""Progress of anything that takes more than a second, on stderr.

A terminal gets one line that is written over; a file or a pipe a line every ten seconds.

Ctrl-C takes effect where progress is made: a KeyboardInterrupt that arrives while a compiled
kernel hands its arrays back to Python crashes the process (Numba 0.68). A second Ctrl-C does
not wait.
"""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.safe import visible

if TYPE_CHECKING:
    from indexes.ingest import Progress

PATIENCE = 1.0
ON_TERMINAL, ELSEWHERE = 0.1, 10.0


@contextmanager
def reporter() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows how far work has come, when there is reason to.

    Raises KeyboardInterrupt at the next report, or at the end, after a Ctrl-C.
    """
    terminal = sys.stderr.isatty()
    pause = ON_TERMINAL if terminal else ELSEWHERE
    due = time.monotonic() + (PATIENCE if terminal else ELSEWHERE)

    def show(message: str) -> None:
        nonlocal due
        if interrupted:
            raise KeyboardInterrupt
        now = time.monotonic()
        if now >= due:
            due = now + pause
            _overwrite(visible(message)) if terminal else print(visible(message), file=sys.stderr, flush=True)

    try:
        with _deferred() as interrupted:
            yield show
        if interrupted:
            raise KeyboardInterrupt
    finally:
        if terminal:
            _overwrite("")


def reading(progress: Progress) -> str:
    """Say how far an ingest has come."""
    bad = f", {progress.quarantined:,} lines skipped" if progress.quarantined else ""
    return f"{progress.requests:,} requests, {progress.rate:,.0f}/s{bad}: {progress.path}"


@contextmanager
def _deferred() -> Iterator[list[int]]:
    """Yield a list that the first Ctrl-C is put in; the second raises as ever."""
    arrived: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def note(number: int, _: object) -> None:
        arrived.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, before)


def _overwrite(line: str) -> None:
    width = max(20, shutil.get_terminal_size().columns - 1)
    sys.stderr.write("\r" + line[:width].ljust(width) + "\r")
    sys.stderr.flush()
