"""gzip → text: all that can be unpacked, where libraries lose what they hold when something is wrong.

As gzip(1) does, zeros behind the last member are passed over in silence, and whatever else is there
with a remark. A wrong checksum costs no text: that is there, and may have been altered.
"""

import zlib
from collections.abc import Callable, Generator, Iterator

PIECE = 1 << 16
_LIMIT = 2 << 20
_MAGIC = b"\x1f\x8b"
_LENGTH = 4  # bytes that follow a checksum

Read = Callable[[int], bytes]
Remark = Callable[[str], None]


def inflated(read: Read, remark: Remark) -> Iterator[bytes]:
    """Yield the text of all members, piece by piece. Raises OSError where they are torn or corrupt."""
    packed = read(PIECE)
    while packed:
        packed = yield from _member(packed, read, remark)
        packed = packed.lstrip(b"\0")
        while len(packed) < len(_MAGIC) and (more := read(PIECE)):
            packed = (packed + more).lstrip(b"\0")
        if packed and not packed.startswith(_MAGIC[: len(packed)]):
            remark("what follows the last gzip member is none, and is passed over")
            return


def _member(packed: bytes, read: Read, remark: Remark) -> Generator[bytes, None, bytes]:
    """Yield the text of the member that begins here; return what follows of what was read."""
    member = zlib.decompressobj(31)
    while packed:
        before = member.copy()
        try:
            text = member.decompress(packed, _LIMIT)
        except zlib.error:
            return (yield from _last_of(before, packed, read, remark))
        if text:
            yield text
        if member.eof:
            return member.unused_data
        packed = member.unconsumed_tail or read(PIECE)
    raise OSError("gzip member torn")


def _last_of(
    member: "zlib._Decompress", packed: bytes, read: Read, remark: Remark
) -> Generator[bytes, None, bytes]:
    """Yield all that a member gives before an error; return what follows when only a check failed."""
    found = []
    for place in range(len(packed)):
        try:
            found.append(member.decompress(packed[place : place + 1]))
        except zlib.error as error:
            if text := b"".join(found):  # an empty piece would be the end
                yield text
            if "check" not in str(error):
                raise OSError("gzip member corrupt") from error
            remark("a checksum of its gzip is wrong: the text may have been altered")
            rest = packed[place + 1 :]
            if "data check" not in str(error):
                return rest
            while len(rest) < _LENGTH and (more := read(PIECE)):
                rest += more
            return rest[_LENGTH:]
    raise AssertionError("what failed at once fails byte by byte")
