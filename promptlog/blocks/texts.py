"""Where strings of JSON stand → an Arrow column of their texts, without a Python object."""

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from promptlog.blocks.words import load64, pointer, store64

_BACKSLASH, _U = map(ord, "\\u")
_ROOM = 8  # texts are copied eight bytes at a time
_HEX = np.array([int(chr(c), 16) if chr(c) in "0123456789abcdefABCDEF" else 0 for c in range(256)])
_ESCAPES = np.arange(256, dtype=np.uint8)  # what stands behind a backslash, and what it means
_ESCAPES[list(b"bfnrt")] = list(b"\b\f\n\r\t")


def column(
    data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64], sizes: NDArray[np.int64]
) -> pa.StringArray:
    """Return the texts of the strings `data[begins:ends]`, which are sound and `sizes` bytes long decoded.

    Behind the last string the data goes on for eight bytes.

    >>> data = np.frombuffer(b'"caf\\\\u00e9"' + bytes(8), np.uint8)
    >>> column(data, *map(np.array, ([1], [10], [5]))).to_pylist()
    ['café']
    """
    offsets = np.zeros(len(begins) + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    texts = np.empty(offsets[-1] + _ROOM, np.uint8)
    _copy(data, begins, ends, offsets, texts)
    return pa.StringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(texts[:-_ROOM]))


@njit(nogil=True, cache=True)
def _copy(data, begins, ends, offsets, texts):  # type: ignore[no-untyped-def]
    source, target = pointer(data), pointer(texts)
    for row in range(begins.size):
        to, begin = offsets[row], begins[row]
        if offsets[row + 1] - to == ends[row] - begin:
            for at in range(0, ends[row] - begin, 8):
                store64(target, to + at, load64(source, begin + at))
        else:
            _decode(source, begin, ends[row], target, to)


@njit(nogil=True)
def _decode(data, at, end, texts, to):  # type: ignore[no-untyped-def]
    while at < end:
        if data[at] != _BACKSLASH:
            texts[to] = data[at]
            at, to = at + 1, to + 1
        elif data[at + 1] != _U:
            texts[to] = _ESCAPES[data[at + 1]]
            at, to = at + 2, to + 1
        else:
            code = _code(data, at + 2)
            at += 6
            if 0xD800 <= code < 0xDC00:
                code = 0x10000 + ((code - 0xD800) << 10) + _code(data, at + 2) - 0xDC00
                at += 6
            to = _encode(code, texts, to)


@njit(nogil=True)
def _code(data, at):  # type: ignore[no-untyped-def]
    return _HEX[data[at]] << 12 | _HEX[data[at + 1]] << 8 | _HEX[data[at + 2]] << 4 | _HEX[data[at + 3]]


@njit(nogil=True)
def _encode(code, texts, to):  # type: ignore[no-untyped-def]
    """Write a character as UTF-8; return where the next one goes."""
    if code < 0x80:
        texts[to] = code
        return to + 1
    more = 1 + (code >= 0x800) + (code >= 0x10000)
    texts[to] = (0xF0 << 3 - more) & 0xFF | code >> 6 * more
    for place in range(1, more + 1):
        texts[to + place] = 0x80 | code >> 6 * (more - place) & 0x3F
    return to + more + 1
