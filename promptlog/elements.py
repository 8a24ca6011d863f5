"""JSON that is not one entry a line → chunks of its entries: arrays of any size, and objects
printed over many lines.

One pass over the bytes keeps count of the brackets outside of strings (`promptlog/brackets.py`); where
the count says that an entry ends, the content is cut. Whether an entry is sound is for the decoder to
say; where one is damaged so that the count is lost, the next entry begins where it looks like one.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from promptlog.brackets import AFTER, AT, ENDED, LOST, REPAIRED, STRING, find_cuts, state_at
from promptlog.chunk import MAX_LINE, Chunk, Tally
from promptlog.lines import DamagedStream, Rest

_CLOSING = (b"]", b"}")


def cut_array(
    blocks: Iterable[bytes], tally: Tally, begin: int, *, alone: bool, max_line: int = MAX_LINE
) -> Iterator[Chunk]:
    """Yield the elements of an array that begins at `begin`, from where the tally stands.

    `alone`: the content is nothing but arrays, one after another. Else what follows the array is
    passed over.
    """
    # A comma or an element passed last when reading stopped within an array.
    state = state_at(after=tally.last == b"]")
    return _cut(_from(blocks, tally, begin), tally, state, True, alone, max_line)


def cut_objects(blocks: Iterable[bytes], tally: Tally, *, max_line: int = MAX_LINE) -> Iterator[Chunk]:
    """Yield objects that follow each other, however they are spread over lines."""
    return _cut(blocks, tally, state_at(after=False), False, True, max_line)


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
    arrays: bool,
    alone: bool,
    max_line: int,
) -> Iterator[Chunk]:
    rest = Rest(max_line)
    try:
        for block in blocks:
            if state[ENDED]:
                tally.add(block)
                continue
            held = rest.take() + block
            cuts = find_cuts(np.frombuffer(held, np.uint8), state, arrays, alone)
            if len(cuts) and rest.overlong is not None:
                end = int(cuts[0, 1])
                yield rest.end_gap(held[:end], tally)
                held, cuts = _without(end, held, cuts[1:], state)
            if len(cuts):
                end = int(cuts[-1, 1])
                yield _chunk(held[:end], cuts.tolist(), tally)
                held, cuts = _without(end, held, cuts[:0], state)
            if state[ENDED]:
                tally.add(held)  # what follows the array
                continue
            rest.add(held, tally)
            if rest.overlong is not None:
                _without(len(held), b"", cuts, state)
    except DamagedStream:
        yield rest.damaged(tally)
        return
    if rest.overlong is not None:
        yield rest.end_gap(b"", tally)
    elif left := rest.take():
        if state[AFTER] and not alone:
            tally.add(left)
            yield Chunk(tally.offset, tally.sha256())
        else:
            # What is damaged does not get better by waiting, unless the log may still go on.
            is_damaged = state[LOST] or (state[AFTER] and state[REPAIRED])
            closed = bool(is_damaged) and left.rstrip().endswith(_CLOSING)
            yield _chunk(left, [[len(left), len(left)]], tally, unfinished=not closed)


def _without(
    end: int, held: bytes, cuts: NDArray[np.int64], state: NDArray[np.int64]
) -> tuple[bytes, NDArray[np.int64]]:
    """Return what is held, and cuts in it, without what comes before `end`."""
    state[AT] -= end
    state[STRING] = max(-1, state[STRING] - end)
    return held[end:], cuts - end


def _chunk(data: bytes, cuts: list[list[int]], tally: Tally, *, unfinished: bool = False) -> Chunk:
    """Pass data, in which an entry ends at the first of each cut and the next begins at the second."""
    entries, offsets, first = [], [], 0
    for end, begin in cuts:
        entry = data[first:end].lstrip()
        if entry:
            offsets.append(tally.offset + end - len(entry))
            # A newline can only stand between tokens, where a carriage return may as well.
            entries.append(entry.rstrip().replace(b"\n", b"\r") + b"\n")
        first = begin
    tally.add(data)
    places = np.array(offsets, dtype=np.int64)
    return Chunk(tally.offset, tally.sha256(), b"".join(entries), offsets=places, unfinished=unfinished)
