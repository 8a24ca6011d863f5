"""Bodies over 100 kB, which Bedrock keeps in files beside its log: found in a local copy only.

`s3://BUCKET/KEY` is looked for in the folder `data` beside the log, where Bedrock puts it, and
below each folder above the log. Nothing is fetched, and a link that leads out of the folder
where a body was looked for is not followed.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from promptlog import strict
from promptlog.chunk import MAX_LINE
from promptlog.containers import open_content
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.lines import DamagedStream
from promptlog.record import PromptRecord

_FOLDER = "data"
_NAMES = ("_input.json", "_input.json.gz", "_output.json", "_output.json.gz")


def load(log: str, s3_path: object) -> object:
    """Return the body that a log refers to; None where it is not in the local copy. Raises Skip."""
    for file in _places(log, s3_path):
        data = _content(file)
        if data is not None:
            return strict.decode(data)
    return None


def is_body(path: str) -> bool:
    """Say whether a file is a body beside a log, by where it lies: then it is no log of its own."""
    file = Path(path)
    return file.parent.name == _FOLDER and file.name.endswith(_NAMES)


class Body(LogFormat):
    """A body that a log refers to: its request is an entry there."""

    name = "bedrock-body"

    def recognises(self, entry: object) -> float:
        return 1.0

    def parse(self, entry: object) -> list[PromptRecord]:
        return []

    def remark(self, entry: object) -> str:
        return "a body that the log beside it refers to"


def _places(log: str, s3_path: object) -> Iterator[Path]:
    key = PurePosixPath(str(s3_path).removeprefix("s3://")).parts[1:]
    # Only what Bedrock names so: a log must not make us read other files of this machine.
    if ".." in key or len(key) < 2 or key[-2] != _FOLDER or not key[-1].endswith(_NAMES):
        return
    folder = Path(log).absolute().parent
    for base, names in ((folder, (_FOLDER, key[-1])), *((above, key) for above in (folder, *folder.parents))):
        file = base.joinpath(*names)
        if file.is_file() and file.resolve().is_relative_to(base.resolve()):
            yield file


def _content(file: Path) -> bytes | None:
    """Return what a file holds, None when it cannot be had or is longer than a line may be."""
    held: list[bytes] = []
    size = 0
    try:
        with open_content(file) as (_, content):
            for block in content.rest():
                held.append(block)
                size += len(block)
                if size > MAX_LINE:
                    return None
    except (DamagedStream, LogError, OSError):
        return None
    return b"".join(held)
