"""Coverage-guided fuzzing of the readers: any bytes are a log, and no log makes a reader fail.

    pip install atheris
    python benchmarks/fuzzing.py -max_total_time=600 -max_len=4096

The options are libFuzzer's. It begins with the samples of the readers' tests, keeps what reaches new
code in a folder of its own, and stops with the bytes of a finding: an exception that is not a
LogError, a line that no reader was made for (`Reason.READER_FAILED`), or a batch that does not know
how much of the content it stands for.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["promptlog"]):
    from promptlog import parsing
    from promptlog.containers import Container
    from promptlog.content import Content
    from promptlog.errors import LogError
    from promptlog.formats import FORMATS
    from promptlog.reader import Log
    from promptlog.reasons import Reason, Skip

from mutations import samples

parsing.LONG = 0  # short logs, too, go the way of blocks


def read(data: bytes) -> None:
    """Read bytes as a log; raise what no log may bring about."""
    log = Log("log", Container.PLAIN, Content(iter([data])))
    with suppress(LogError):
        for batch in log.batches():
            if any(bad.reason is Reason.READER_FAILED for bad in batch.skipped):
                raise AssertionError(Reason.READER_FAILED)
            if batch.after and batch.after.sha256 != hashlib.sha256(data[: batch.after.offset]).hexdigest():
                raise AssertionError(f"not the hash of the first {batch.after.offset} bytes")
    for entry in log.sample[:1]:
        for known in FORMATS:
            with suppress(Skip):
                known.remark(entry)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="promptprint-fuzzing-") as folder:
        for number, line in enumerate(samples()):
            Path(folder, f"{number:03d}").write_bytes(line)
            Path(folder, f"{number:03d}-array").write_bytes(b"[" + line + b",\n" + line + b"]")
        read(b"[{},{}]")  # compiles what cuts arrays and walks payloads, which is no slow input
        for line in samples():
            read(line + b"\n")
        atheris.Setup([*sys.argv, folder], read)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
