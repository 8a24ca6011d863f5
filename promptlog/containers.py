"""Files → their content, whatever the files' names say.

The first bytes decide: gzip (of any number of members), zstd (of any number of frames), Parquet,
else plain. Arrow unpacks zstd, since it reports a frame that stops short where other
bindings end in silence. No more than a block is held, and what expands out of all proportion is
refused: a bomb costs a moment and no memory.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from promptlog.chunk import Damage
from promptlog.content import Content
from promptlog.errors import LogError
from promptlog.inflate import inflated
from promptlog.lines import DamagedStream
from promptlog.parquet import rows_as_lines

STDIN = "-"
BLOCK = 2 << 20

# Logs shrink to a tenth, or a hundredth where prompts repeat; bombs to less than a thousandth.
MAX_RATIO = 500
RATIO_COUNTS_FROM = 64 << 20

# A failing read of zstd loses what it had unpacked so far. So reads grow with what was read before,
# to a 64th of it and at most 256 KiB; a block of up to 128 KiB that is torn gives nothing in any case.
_SMALLEST, _LARGEST, _LOSS = 64, 1 << 18, 6
_HEAD = 16


class Container(StrEnum):
    """How the bytes of a log are packed."""

    PLAIN = "plain"
    GZIP = "gzip"
    ZSTD = "zstd"
    PARQUET = "parquet"


_REFUSED = {
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\0": "an SQLite database",
    b"PK\x03\x04": "a zip archive",
    b"PK\x05\x06": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\0": "an xz file",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\xff\xfe\0\0": "UTF-32 text",  # before UTF-16, whose mark it begins with
    b"\0\0\xfe\xff": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
_TAR = (257, b"ustar")
_PARQUET = b"PAR1"


@contextmanager
def open_content(path: str | Path) -> Iterator[tuple[Container, Content]]:
    """Open a log, or standard input for "-", at the beginning of its content.

    Raises LogError for a file that cannot be opened, that holds no text, or that would expand
    beyond all proportion; the last also while it is read.
    """
    name = str(path)
    with _binary(name) as file:
        head = file.read(_HEAD)
        if head.startswith(_PARQUET):
            damage: list[Damage] = []
            yield Container.PARQUET, Content(rows_as_lines(name, damage), damage=damage)
            return
        container = _container(head)
        remarks: list[str] = []
        source = _Rejoined(head, file)
        if container is Container.PLAIN:
            blocks = _blocks(source.read, BLOCK, BLOCK)
        elif container is Container.GZIP:
            texts = inflated(source.read, remarks.append)
            blocks = _blocks(_bounded(lambda _: next(texts, b""), source, name), BLOCK, BLOCK)
        else:
            stream = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), container.value)
            blocks = _blocks(_bounded(stream.read, source, name), _SMALLEST, _LARGEST)
        first = next(blocks, b"")
        _refuse(first, name, packed=container is not Container.PLAIN)
        yield container, Content(chain([first], blocks), remarks=remarks)


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


def _refuse(first: bytes, path: str, *, packed: bool) -> None:
    """Refuse content that is no text, by its first bytes."""
    place, magic = _TAR
    what = "a tar archive" if first[place : place + len(magic)] == magic else ""
    what = next((name for magic, name in _REFUSED.items() if first.startswith(magic)), what)
    if packed and first.startswith(_PARQUET):
        what = "a packed Parquet file"
    if what:
        raise LogError(f"{path} is {what}, which is not read: unpack or export it as JSON, one object a line")
    if packed and _container(first[:_HEAD]) is not Container.PLAIN:
        raise LogError(f"{path} is compressed twice: unpack it once")


def _bounded(unpack: Callable[[int], bytes], source: "_Rejoined", path: str) -> Callable[[int], bytes]:
    """Return what reads unpacked bytes, up to what a log of the size of `source` may hold."""
    total = 0

    def read(size: int) -> bytes:
        nonlocal total
        piece = unpack(size)
        total += len(piece)
        if total > max(RATIO_COUNTS_FROM, source.taken * MAX_RATIO):
            raise LogError(
                f"{path} expands more than {MAX_RATIO}-fold, as no log does: "
                "if it is genuine, unpack it and read the plain file"
            )
        return piece

    return read


def _blocks(read: Callable[[int], bytes], smallest: int, largest: int) -> Iterator[bytes]:
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


class _Rejoined:
    """A stream whose first bytes were read to see what it is; pipes cannot seek back."""

    closed = False

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest
        self.taken = 0

    def read(self, size: int) -> bytes:
        if piece := self._head:
            self._head = b""
        else:
            piece = self._rest.read(size)
        self.taken += len(piece)
        return piece

    def close(self) -> None:
        """Leave the file open: whoever opened it closes it."""
