"""Writing bytes: the renderer's smallest parts, each of which returns where the next may begin.

They are compiled into the renderer, whose kept machine code does not see a change here: touch
render.py as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Blob(NamedTuple):
    """Byte strings end to end: data (bytes,) uint8, bounds (n + 1,) int64."""

    data: NDArray[np.uint8]
    bounds: NDArray[np.int64]


def blob(texts: tuple[str, ...]) -> Blob:
    """Return texts as one array of bytes."""
    spelt = [text.encode() for text in texts]
    bounds = np.concatenate([[0], np.cumsum([len(text) for text in spelt])])
    return Blob(np.frombuffer(b"".join(spelt), dtype=np.uint8), bounds)


@njit(inline="always")
def mix(seed, purpose, number):  # type: ignore[no-untyped-def]
    """Return 64 random bits for a number, others for every purpose."""
    x = seed + np.uint64(purpose) * np.uint64(0xD1B54A32D192ED03)
    return finish(finish(x) ^ (np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)))


@njit(inline="always")
def finish(x):  # type: ignore[no-untyped-def]
    """Return 64 bits that look like chance, for any number: SplitMix64's last step."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(inline="always")
def part(out, at, blob, number):  # type: ignore[no-untyped-def]
    """Write one of a blob's strings."""
    return copy(out, at, blob.data, blob.bounds[number], blob.bounds[number + 1])


@njit(nogil=True, cache=True)
def copy(out, at, data, first, last):  # type: ignore[no-untyped-def]
    """Write bytes first to last - 1 of some data."""
    for i in range(last - first):
        out[at + i] = data[first + i]
    return at + last - first


@njit(inline="always")
def hexadecimal(out, at, bits, digits):  # type: ignore[no-untyped-def]
    """Write hexadecimal digits; beyond sixteen, of further bits."""
    for i in range(digits):
        if i == 16:
            bits = finish(bits)
        digit = bits >> np.uint64(60 - 4 * (i % 16)) & np.uint64(15)
        out[at + i] = 48 + digit if digit < 10 else 87 + digit
    return at + digits


@njit(inline="always")
def decimal(out, at, value, digits):  # type: ignore[no-untyped-def]
    """Write a number with leading zeros."""
    for i in range(digits - 1, -1, -1):
        out[at + i] = 48 + value % 10
        value //= 10
    return at + digits


@njit(inline="always")
def address(out, at, bits):  # type: ignore[no-untyped-def]
    """Write an IPv4 address of 10.0.0.0/8, which is nobody's."""
    out[at], out[at + 1], out[at + 2] = 49, 48, 46
    at += 3
    for part in range(3):
        value = np.int64(bits >> np.uint64(8 * part) & np.uint64(0xFF))
        digits = 3 if value > 99 else 2 if value > 9 else 1
        at = decimal(out, at, value, digits)
        out[at] = 46
        at += 1
    return at - 1
