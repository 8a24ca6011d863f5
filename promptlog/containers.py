"""Files → lines, whatever the files' names say.

The first bytes decide: gzip (of any number of members), zstd (of any number of frames),
else plain. Arrow decompresses both, since it reports a zstd frame that stops short where
other bindings end in silence. No more than a block is held, so a bomb costs time only.
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from promptlog.errors import LogError
from promptlog.lines import MAX_LINE, DamagedStream, Gap, Line, split

STDIN = "-"
BLOCK = 1 << 20

# A failing read loses what it had decompressed so far. So reads grow with what was read
# before: a torn file loses a 64th of its text or 32 KiB, whichever is less.
_SMALLEST, _LARGEST, _LOSS = 64, 1 << 15, 6
_HEAD = 16


class Container(StrEnum):
    """How the bytes of a log are packed."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"


_REFUSED = {
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\0": "an SQLite database",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class OpenLog:
    """A log that is open for reading; `lines` can be read once."""

    path: str
    container: Container
    lines: Iterator[Line | Gap]


@contextmanager
def open_log(path: str | Path, *, start: int = 0, max_line: int = MAX_LINE) -> Iterator[OpenLog]:
    """Open a log, or standard input for "-", at `start` bytes into its decompressed stream.

    Raises LogError, here or at the first line, for a file that cannot be opened, that holds
    no text, or that is shorter than `start`.
    """
    name = str(path)
    with _binary(name) as file:
        head = file.read(_HEAD)
        _refuse(head, name)
        container = _container(head)
        if container is Container.PLAIN and start and file.seekable():
            blocks = _sought(file, start, name)
        elif container is Container.PLAIN:
            blocks = _after(start, _blocks(_Rejoined(head, file).read), name)
        else:
            blocks = _after(start, _unpacked(_Rejoined(head, file), container, name), name)
        yield OpenLog(name, container, split(blocks, offset=start, max_line=max_line))


def _binary(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return open(path, "rb")
    except (OSError, ValueError) as error:
        raise LogError(f"{path}: cannot be opened ({getattr(error, 'strerror', None) or error})") from error


def _container(head: bytes) -> Container:
    if head.startswith(b"\x1f\x8b"):
        return Container.GZIP
    # A zstd file may also begin with a skippable frame, as those of pzstd do.
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5):
        return Container.ZSTD
    return Container.PLAIN


def _refuse(head: bytes, path: str) -> None:
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise LogError(f"{path} is {what}, which is not read: export it as JSON, one object per line")


def _sought(file: BinaryIO, start: int, path: str) -> Iterator[bytes]:
    if file.seek(0, io.SEEK_END) < start:
        raise _shorter(path, start)
    file.seek(start)
    return _blocks(file.read)


def _unpacked(source: "_Rejoined", container: Container, path: str) -> Iterator[bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), container.value)
    blocks = _blocks(stream.read, _SMALLEST, _LARGEST)
    for first in blocks:
        _refuse(first[:_HEAD], path)
        if _container(first[:_HEAD]) is not Container.PLAIN:
            raise LogError(f"{path} is compressed twice: unpack it once")
        yield first
        break
    yield from blocks


def _blocks(read: Callable[[int], bytes], smallest: int = BLOCK, largest: int = BLOCK) -> Iterator[bytes]:
    """Yield blocks of about BLOCK bytes; what was read before damage is yielded before it is raised."""
    parts: list[bytes] = []
    size = total = 0
    try:
        while piece := read(min(largest, max(smallest, total >> _LOSS))):
            parts.append(piece)
            size += len(piece)
            total += len(piece)
            if size >= BLOCK:
                yield b"".join(parts)
                parts, size = [], 0
    except OSError as error:
        yield b"".join(parts)
        raise DamagedStream from error
    yield b"".join(parts)


def _after(start: int, blocks: Iterator[bytes], path: str) -> Iterator[bytes]:
    """Yield the stream from byte `start` on."""
    left = start
    for block in blocks:
        if left < len(block):
            yield block[left:]
        left = max(0, left - len(block))
    if left:
        raise _shorter(path, start)


def _shorter(path: str, start: int) -> LogError:
    return LogError(
        f"{path} ends before byte {start}, where reading stopped last time: it was cut or replaced"
    )


class _Rejoined:
    """A stream whose first bytes were read to see what it is; pipes cannot seek back."""

    closed = False

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        if head := self._head:
            self._head = b""
            return head
        return self._rest.read(size)

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""
