"""JSON that is not one entry a line → chunks of its entries: arrays of any size, and objects
printed over many lines.

One pass over the bytes keeps count of the brackets outside of strings (`promptlog/brackets.py`); where
the count says that an entry ends, the content is cut. Whether an entry is sound is for the decoder to
say; where one is damaged so that the count is lost, the next entry begins where it looks like one.

Where the content ends, or more is held than an entry may have, within an element, its brackets may be too
few and others be hidden in it. Then it is gone over again, in search of them.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from promptlog.beginnings import none_seen
from promptlog.brackets import (
    AFTER,
    AT,
    COMMA,
    DEPTH,
    ENDED,
    LOST,
    REPAIRED,
    STRING,
    SURE,
    SUSPECT,
    find_cuts,
    lost_at_its_beginning,
    state_at,
)
from promptlog.chunk import MAX_LINE, Chunk, Gap, Tally
from promptlog.lines import DamagedStream, Rest
from promptlog.reasons import Reason

_CLOSING = (b"]", b"}")
_PIECE = 8 << 20
_TIMES = 4  # no more bytes are gone over again than so many times those that passed
_PLAINLY = 4  # as many elements within one show that it is damaged, wherever the content ends
_NO_CUTS = np.empty((0, 2), np.int64)


def cut_array(
    blocks: Iterable[bytes], tally: Tally, begin: int, *, alone: bool, max_line: int = MAX_LINE
) -> Iterator[Chunk]:
    """Yield the elements of an array that begins at `begin`, from where the tally stands.

    `alone`: the content is nothing but arrays, one after another. Else what follows the array is
    passed over.
    """
    before, blocks = _passed(blocks, tally, begin)
    if alone and (stray := before.strip().removesuffix(b"[").rstrip()):
        gap = Gap(tally.offset - len(before), Reason.NOT_JSON, hashlib.sha256(stray).hexdigest())
        yield Chunk(tally.offset, tally.sha256(), gaps=(gap,))
    yield from _Cutter(tally, True, alone, max_line).chunks(blocks)


def cut_objects(blocks: Iterable[bytes], tally: Tally, *, max_line: int = MAX_LINE) -> Iterator[Chunk]:
    """Yield objects that follow each other, however they are spread over lines."""
    return _Cutter(tally, False, True, max_line).chunks(blocks)


def _passed(blocks: Iterable[bytes], tally: Tally, begin: int) -> tuple[bytes, Iterable[bytes]]:
    """Pass what comes before the first element; return it, and what follows."""
    passed, blocks = [], iter(blocks)
    for block in blocks:
        passed.append(block[: max(0, begin - tally.offset)])
        tally.add(passed[-1])
        if tally.offset >= begin:
            return b"".join(passed), chain([block[len(passed[-1]) :]], blocks)
    return b"".join(passed), blocks


class _Cutter:
    """A content that is being cut."""

    def __init__(self, tally: Tally, arrays: bool, alone: bool, max_line: int) -> None:
        self._tally = tally
        self._arrays = arrays
        self._alone = alone
        self._max_line = max_line
        # A comma or an element passed last when reading stopped within an array.
        self._state = state_at(after=arrays and tally.last == b"]")
        self._seen = none_seen()
        self._again = 0
        """How many bytes were gone over again."""

    def chunks(self, blocks: Iterable[bytes]) -> Iterator[Chunk]:
        """Yield the entries of all that has not passed."""
        tally, rest = self._tally, Rest(self._max_line)
        try:
            for block in blocks:
                if self._state[ENDED]:
                    tally.add(block)
                    continue
                held = rest.take() + block
                cuts = self._find(held)
                if len(cuts) and rest.overlong is not None:
                    end = int(cuts[0, 1])
                    yield rest.end_gap(held[:end], tally)
                    held, cuts = self._without(end, held), cuts[1:] - end
                held = yield from self._cut(held, cuts)
                while (
                    len(held) > self._max_line and rest.overlong is None and len(cuts := self._hidden(held))
                ):
                    held = yield from self._cut(held, cuts)
                if self._state[ENDED]:
                    tally.add(held)  # what follows the array
                    continue
                rest.add(held, tally)
                if rest.overlong is not None:
                    self._without(len(held), held)
        except DamagedStream:
            yield rest.damaged(tally)
            return
        if rest.overlong is not None:
            yield rest.end_gap(b"", tally)
        else:
            yield from self._last(rest.take())

    def _last(self, left: bytes) -> Iterator[Chunk]:
        """Yield what is left where the content ends."""
        closed = left.rstrip(b", \t\r\n").endswith(_CLOSING)
        while closed or self._state[SUSPECT] >= 0:
            cuts = self._hidden(left, 1 if closed else _PLAINLY)
            if not len(cuts):
                break
            left = yield from self._cut(left, cuts)
        state = self._state
        if state[AFTER] and not self._alone:
            self._tally.add(left)
            yield Chunk(self._tally.offset, self._tally.sha256())
        elif left:
            # What is damaged does not get better by waiting, unless the log may still go on.
            if not (state[LOST] or (state[AFTER] and state[REPAIRED])):
                closed = self._arrays and state[DEPTH] > 0 and _ends_an_array(left)
            yield _chunk(left, [[len(left), len(left)]], self._tally, unfinished=not closed)

    def _find(self, held: bytes) -> NDArray[np.int64]:
        data = np.frombuffer(held, np.uint8)
        cuts: NDArray[np.int64] = find_cuts(data, self._state, self._seen, self._arrays, self._alone)
        return cuts

    def _hidden(self, held: bytes, least: int = 1) -> NDArray[np.int64]:
        """Return where, in an element that does not end, others do, if at least so many. Then they count."""
        state, seen = self._state, self._seen
        is_within = (
            self._arrays and not state[LOST] and not state[AFTER] and (state[DEPTH] or not self._alone)
        )
        if not is_within or self._again > _TIMES * (self._tally.offset + len(held)):
            return _NO_CUTS
        self._again += len(held)
        self._state, self._seen = lost_at_its_beginning(state, len(held)), seen.copy()
        cuts = self._find(held)
        if len(cuts) >= least:
            return cuts
        self._state, self._seen = state, seen
        return _NO_CUTS

    def _cut(self, held: bytes, cuts: NDArray[np.int64]) -> Generator[Chunk, None, bytes]:
        """Yield the entries that end at cuts, a piece at a time; return what is held behind them."""
        first = 0
        while len(cuts):
            number = max(1, int(np.searchsorted(cuts[:, 1], first + _PIECE)))
            end = int(cuts[number - 1, 1])
            yield _chunk(held[first:end], (cuts[:number] - first).tolist(), self._tally)
            first, cuts = end, cuts[number:]
        return self._without(first, held)

    def _without(self, end: int, held: bytes) -> bytes:
        """Return what is held without what comes before `end`."""
        state = self._state
        state[AT] -= end
        state[SURE] = max(0, state[SURE] - end)
        for place in (STRING, COMMA, SUSPECT):
            state[place] = max(-1, state[place] - end)
        return held[end:] if end else held


def _ends_an_array(left: bytes) -> bool:
    """Say whether the bracket that ends a content closes the array, though by the count it does not.

    It does where it stands at the head of a line, and before an only newline.
    """
    text = left.rstrip()
    _, newline, last = text.rpartition(b"\n")
    return last in _CLOSING if newline else text.endswith(b"]") and left.endswith(b"\n")


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
