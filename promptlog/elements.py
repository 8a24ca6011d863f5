"""JSON that is not one entry a line → chunks of its entries: arrays of any size, and objects
printed over many lines.

One pass over the bytes keeps count of the brackets outside of strings; where the count says that
an entry ends, the content is cut. Whether an entry is sound is for the decoder to say.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from promptlog.chunk import MAX_LINE, Chunk, Tally
from promptlog.lines import DamagedStream, Rest

# How many bytes of a separator, a comma or a bracket, stand at the end of an entry.
_OBJECTS, _ARRAYS = 0, 1

_DEPTH, _IN_STRING, _ESCAPED = range(3)


def cut_array(
    blocks: Iterable[bytes], tally: Tally, begin: int, *, alone: bool, max_line: int = MAX_LINE
) -> Iterator[Chunk]:
    """Yield the elements of an array that begins at `begin`, from where the tally stands.

    `alone`: the content is nothing but arrays, one after another. Else what follows the array is
    passed over.
    """
    # A comma or an element passed last when reading stopped within an array.
    state = np.array([-1 if tally.last == b"]" else 0, 0, 0])
    return _cut(_from(blocks, tally, begin), tally, state, _ARRAYS, alone, max_line)


def cut_objects(blocks: Iterable[bytes], tally: Tally, *, max_line: int = MAX_LINE) -> Iterator[Chunk]:
    """Yield objects that follow each other, however they are spread over lines."""
    return _cut(blocks, tally, np.zeros(3, np.int64), _OBJECTS, True, max_line)


def _from(blocks: Iterable[bytes], tally: Tally, begin: int) -> Iterator[bytes]:
    """Pass what comes before the first element."""
    for block in blocks:
        before = max(0, min(len(block), begin - tally.offset))
        tally.add(block[:before])
        yield block[before:]


def _cut(
    blocks: Iterable[bytes],
    tally: Tally,
    state: NDArray[np.int64],
    separator: int,
    alone: bool,
    max_line: int,
) -> Iterator[Chunk]:
    rest = Rest(max_line)
    try:
        for block in blocks:
            cuts = _find_cuts(np.frombuffer(block, np.uint8), state, separator == _ARRAYS, alone).tolist()
            if cuts and rest.overlong is not None:
                yield rest.end_gap(block[: cuts[0]], tally)
                block, cuts = block[cuts[0] :], [cut - cuts[0] for cut in cuts[1:]]
            if cuts:
                before = rest.take()
                last = cuts[-1]
                yield _chunk(before + block[:last], [cut + len(before) for cut in cuts], separator, tally)
                block = block[last:]
            if state[_DEPTH] < 0 and not alone:
                tally.add(block)  # what follows the array
            else:
                rest.add(block, tally)
    except DamagedStream:
        yield rest.damaged(tally)
        return
    if rest.overlong is not None:
        yield rest.end_gap(b"", tally)
    elif left := rest.take():
        yield _chunk(left, [len(left)], 0, tally, unfinished=True)


def _chunk(data: bytes, cuts: list[int], separator: int, tally: Tally, *, unfinished: bool = False) -> Chunk:
    """Pass data, whose entries end, with their separators, at the cuts."""
    entries, offsets, first = [], [], 0
    for cut in cuts:
        entry = data[first : cut - separator].lstrip()
        if entry:
            offsets.append(tally.offset + cut - separator - len(entry))
            # A newline can only stand between tokens, where a carriage return may as well.
            entries.append(entry.rstrip().replace(b"\n", b"\r") + b"\n")
        first = cut
    tally.add(data)
    places = np.array(offsets, dtype=np.int64)
    return Chunk(tally.offset, tally.sha256(), b"".join(entries), offsets=places, unfinished=unfinished)


@njit(nogil=True, cache=True)
def _find_cuts(data, state, arrays, reopens):  # type: ignore[no-untyped-def]
    """Return where entries end in a block of content, with the separator behind them if in `arrays`.

    `state` is carried from block to block; its depth is that within an entry, -1 outside of an array.
    """
    cuts = np.empty(64, dtype=np.int64)
    found = 0
    depth, in_string, escaped = state
    for at in range(data.size):
        byte = data[at]
        ends = False
        if in_string:
            if escaped:
                escaped = 0
            elif byte == ord("\\"):
                escaped = 1
            elif byte == ord('"'):
                in_string = 0
        elif depth < 0:
            if reopens and byte == ord("["):
                depth, ends = 0, True
        elif byte == ord('"'):
            in_string = 1
        elif byte == ord("{") or byte == ord("["):
            depth += 1
        elif byte == ord("}") or byte == ord("]"):
            depth -= 1
            ends = depth < 0 if arrays else depth <= 0
            depth = depth if arrays else max(depth, 0)
        elif byte == ord(","):
            ends = arrays and depth == 0
        if ends:
            if found == cuts.size:
                longer = np.empty(2 * found, dtype=np.int64)
                longer[:found] = cuts
                cuts = longer
            cuts[found] = at + 1
            found += 1
    state[0], state[1], state[2] = depth, in_string, escaped
    return cuts[:found]
