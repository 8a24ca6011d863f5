"""What a command costs: time, processor time and memory, read from /proc while it runs."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import msgspec

_EVERY = 0.05  # seconds between two looks


class Cost(msgspec.Struct, frozen=True):
    """Seconds, processor seconds, and the peaks in bytes of all resident memory and of what is
    anonymous in it: the rest are pages of mapped files, which the system may drop at any time.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    peak_anonymous_bytes: int
    exit_code: int


def run(command: list[str], *, stdout: Path, environment: dict[str, str]) -> Cost:
    """Run a command to its end; its children count. What it says on stderr is passed on."""
    started = time.monotonic()
    with stdout.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, env=os.environ | environment)
        total = anonymous = 0
        while True:
            now = [_resident(pid) for pid in _family(process.pid)]
            total = max(total, sum(both for both, _, _ in now), *(peak for _, _, peak in now), 0)
            anonymous = max(anonymous, sum(own for _, own, _ in now))
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            time.sleep(_EVERY)
    process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
    return Cost(
        round(time.monotonic() - started, 2),
        round(usage.ru_utime + usage.ru_stime, 2),
        total,
        anonymous,
        process.returncode,
    )


def disk(folder: Path) -> dict[str, int]:
    """Return the bytes of a folder's files, by file name without its number."""
    sizes: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.name.rstrip("0123456789").rstrip("-")
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return sizes


def _family(pid: int) -> list[int]:
    """Return a process and its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _resident(pid: int) -> tuple[int, int, int]:
    """Return (resident, anonymous resident, peak resident) bytes of a process; zeros when it has ended.

    The peak is the kernel's own, so none is missed between two looks. (The one that wait4 gives
    would not do: a new process inherits it from the process that started it.)
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0, 0, 0
    kilobytes = {
        name: int(rest.split()[0])
        for name, _, rest in (line.partition(":") for line in lines)
        if "kB" in rest
    }
    return tuple(1024 * kilobytes.get(name, 0) for name in ("VmRSS", "RssAnon", "VmHWM"))
