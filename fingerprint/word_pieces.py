"""A SentencePiece model's tokens of texts, each different word tokenised once.

No piece of the model spans a space, so the most probable pieces of a text are those of its words
(Kudo 2018, "Subword Regularization", section 3.1: a unigram model takes pieces for independent).
A log says the same words again and again, and looking a word up takes a tenth of the time.
Where two ways to cut a word are as probable, the rounding of a long text's sum no longer decides.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

Ints = NDArray[np.int64]
Pieces = NDArray[np.int32]
Slots = NDArray[np.uint64]

_LONGEST = 48  # bytes of a word that is kept: whole sentences of Chinese or Thai do not come again
_MOST = 1 << 18  # words; then they are learnt anew
_SLOTS = 2 * _MOST
_SPACE = ord(" ")
_PRIME = np.uint64(0x100000001B3)
_HALF, _ONE = np.uint64(32), np.uint64(1)


class WordPieces:
    """Several threads may tokenise at once; what they get does not depend on what was seen before."""

    def __init__(self, tokens: SentencePieceProcessor) -> None:
        self.tokens = tokens
        self._known = _Words.none()
        self._lock = Lock()

    def __call__(self, texts: Sequence[bytes]) -> tuple[Pieces, Ints]:
        """Return (pieces, ends): those of text i, in UTF-8, end at ends[i]. Without marks."""
        known = self._known
        raw, letters, ends = _joined(texts)
        row, begin, stop, word_ends = _looked_up(letters, ends, *known.table)
        new = np.flatnonzero(row < 0)
        places = zip(begin[new].tolist(), stop[new].tolist(), strict=True)
        number: dict[bytes, int] = {}
        row[new] = [-1 - number.setdefault(raw[first:last], len(number)) for first, last in places]
        missing = list(number)
        found = self.tokens.encode(missing, out_type="numpy", num_threads=1)
        pieces = (known.start, known.pieces), (_starts(found), np.concatenate([_NONE, *found]))
        self._learn(missing, found)
        return _laid_out(word_ends, row, *pieces)  # type: ignore[no-any-return]

    def _learn(self, words: list[bytes], found: list[Pieces]) -> None:
        short = [i for i, word in enumerate(words) if len(word) <= _LONGEST]
        if not short:
            return
        with self._lock:  # who is at work with the old ones keeps them
            known = self._known if self._known.count + len(short) <= _MOST else _Words.none()
            some = short[:_MOST]
            self._known = known.with_more([words[i] for i in some], [found[i] for i in some])


_NONE: Pieces = np.empty(0, dtype=np.int32)


@dataclass(frozen=True)
class _Words:
    """Words by number: word w is letters[first[w]:first[w + 1]] and has pieces[start[w]:start[w + 1]].

    slots: (_SLOTS,) half of a word's hash and, in the lower 32 bits, its number plus 1; a word lies at its
    hash's place or behind it. seed: drawn by chance, so that nobody can write words that all have one place.
    A word that two threads learnt at once is there twice. The arrays are never written to again.
    """

    seed: np.uint64
    slots: Slots
    first: Ints
    letters: NDArray[np.uint8]
    start: Ints
    pieces: Pieces

    @classmethod
    def none(cls) -> _Words:
        no = np.zeros(1, dtype=np.int64)
        seed, slots = np.uint64(secrets.randbits(64)), np.zeros(_SLOTS, dtype=np.uint64)
        return cls(seed, slots, no, np.empty(0, np.uint8), no, _NONE)

    @property
    def table(self) -> tuple[np.uint64, Slots, Ints, NDArray[np.uint8]]:
        """What words are looked up in."""
        return self.seed, self.slots, self.first, self.letters

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.first) - 1

    def with_more(self, words: list[bytes], found: list[Pieces]) -> _Words:
        """Return these words and some more, of which there is room for."""
        _, letters, ends = _joined(words)
        slots = self.slots.copy()
        _place(slots, self.count, letters, ends, self.seed)
        return _Words(
            self.seed,
            slots,
            np.concatenate([self.first, self.first[-1] + ends]),
            np.concatenate([self.letters, letters]),
            np.concatenate([self.start, self.start[-1] + _starts(found)[1:]]),
            np.concatenate([self.pieces, *found]),
        )


def _joined(texts: Sequence[bytes]) -> tuple[bytes, NDArray[np.uint8], Ints]:
    """Return (bytes of all, the same, where each text ends)."""
    raw = b"".join(texts)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    return raw, np.frombuffer(raw, dtype=np.uint8), ends


def _starts(found: Sequence[Pieces]) -> Ints:
    return np.concatenate([[0], np.cumsum([len(pieces) for pieces in found], dtype=np.int64)])


@njit(nogil=True, cache=True)
def _hash(letters, begin, stop, seed):  # type: ignore[no-untyped-def]
    """Return a word's hash: FNV-1a (Fowler, Noll and Vo; RFC 9923) from a seed, its upper half folded in."""
    value = seed
    for i in range(begin, stop):
        value = (value ^ np.uint64(letters[i])) * _PRIME
    return value ^ (value >> np.uint64(32))


@njit(nogil=True, cache=True)
def _place(slots, count, letters, ends, seed):  # type: ignore[no-untyped-def]
    """Put words, numbered from count, into free slots."""
    last, begin = np.uint64(slots.size - 1), 0
    for w in range(ends.size):
        value = _hash(letters, begin, ends[w], seed)
        place = value & last
        while slots[place] > 0:
            place = (place + _ONE) & last
        slots[place] = value >> _HALF << _HALF | np.uint64(count + w + 1)
        begin = ends[w]


@njit(nogil=True, cache=True)
def _looked_up(letters, ends, seed, slots, first, held):  # type: ignore[no-untyped-def]
    """Return (row, begin, stop, word_ends): of each word its number, -1 if unknown, and where it stands;
    the words of text i end at word_ends[i].
    """
    row = np.empty(letters.size, np.int64)
    begin, stop = np.empty(letters.size, np.int64), np.empty(letters.size, np.int64)
    word_ends = np.empty(ends.size, np.int64)
    made, i = 0, 0
    for text in range(ends.size):
        while i < ends[text]:
            j = i
            while j < ends[text] and letters[j] != _SPACE:
                j += 1
            if j > i:
                row[made] = _number(letters, i, j, seed, slots, first, held)
                begin[made], stop[made] = i, j
                made += 1
            i = j + 1
        i = ends[text]
        word_ends[text] = made
    return row[:made], begin[:made], stop[:made], word_ends


@njit(nogil=True, cache=True)
def _number(letters, begin, stop, seed, slots, first, held):  # type: ignore[no-untyped-def]
    """Return the number of the word letters[begin:stop], -1 if it is not among those held."""
    wanted, last = _hash(letters, begin, stop, seed), np.uint64(slots.size - 1)
    place = wanted & last
    while slots[place] > 0:
        if slots[place] >> _HALF == wanted >> _HALF:
            word = np.int64(slots[place] & np.uint64(0xFFFFFFFF)) - 1
            if _same(letters, begin, stop, held, first[word], first[word + 1]):
                return word
        place = (place + _ONE) & last
    return -1


@njit(nogil=True, cache=True)
def _same(one, begin, stop, other, first, last):  # type: ignore[no-untyped-def]
    """Return whether one[begin:stop] and other[first:last] are the same."""
    length, k = stop - begin, 0
    if length != last - first:
        return False
    while k < length and one[begin + k] == other[first + k]:
        k += 1
    return k == length


@njit(nogil=True, cache=True)
def _laid_out(word_ends, row, known, new):  # type: ignore[no-untyped-def]
    """Return (pieces, ends) of texts whose words end at word_ends; word -1 is the first new one."""
    ends = np.empty(word_ends.size, np.int64)
    total, w = 0, 0
    for text in range(ends.size):
        while w < word_ends[text]:
            starts, r = (known[0], row[w]) if row[w] >= 0 else (new[0], -1 - row[w])
            total += starts[r + 1] - starts[r]
            w += 1
        ends[text] = total
    out, made = np.empty(total, np.int32), 0
    for r in row:
        (starts, pieces), r = (known, r) if r >= 0 else (new, -1 - r)
        for j in range(starts[r], starts[r + 1]):
            out[made] = pieces[j]
            made += 1
    return out, ends
