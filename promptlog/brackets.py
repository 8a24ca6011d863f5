"""Where the elements of an array end, or objects that follow each other: a count of brackets, compiled.

Damage makes a count of brackets go wrong without end: behind a quote too many or too few, texts are taken
for brackets and brackets for texts. So the little is watched that damage cannot keep up for long: no
control character stands in a string, a string follows an opening bracket, a comma or a colon and is
followed by a closing one, a comma or a colon; an object in an object follows a colon; brackets close as
they opened. Where that fails the count is *lost*, from the string on that was read last. It is found
again where the next element seems to begin: at a brace behind a comma that begins as elements did
before, or as nothing did (`promptlog/beginnings.py`); of objects, at the head of a line.

An element that lacks its end may leave brackets that fit, so that it seems to hold all elements after it.
That is not plain where the next one begins, as an element may well hold what looks like one. So the first
that does is remembered, the *suspect*, until the element ends. Where the count is lost before, or the
caller knows that it is wrong, elements begin in whatever depth, as far as was read then (*sure*).

A string has no quotes within but escaped ones, and no backslash stands outside of strings. So what was
passed as a string and is gone over again cannot hold another one, and no byte is gone over a third time.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from promptlog.beginnings import (
    UNKNOWN,
    are_objects,
    beginning,
    behind_space,
    comma_before,
    is_of_elements,
    may_be_of_elements,
    note,
)

# What is carried from one call to the next.
(
    AT,  # where to go on, in what is held then
    DEPTH,  # of brackets, within an element
    WITHIN,  # whether in a string
    STRING,  # where the string began that was read last, -1 if none in this element
    BEFORE,  # what LAST was there
    LAST,  # the last byte outside of strings that is no white space, 0 if none in this element
    COMMA,  # where the last comma stood, while the count is lost
    LOST,  # whether the count is lost
    AFTER,  # whether behind the end of an array
    ENDED,  # whether what follows the array is none of ours
    REPAIRED,  # whether the count was ever lost
    OBJECTS,  # a bit for each depth: whether an object, not a list, is open there
    SUSPECT,  # where, in this element, another may begin, -1 if nowhere
    SURE,  # before it, what looks like an element is one
    SIZE,
) = range(15)

_QUOTE, _BACKSLASH, _COMMA, _COLON, _NEWLINE = map(ord, '"\\,:\n')
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = map(ord, "{}[]")
_DEEPEST = 62  # from there on brackets are only counted
_NO, _YES, _MAYBE = range(3)


def state_at(*, after: bool) -> NDArray[np.int64]:
    """Return the state before the first element, or behind the end of an array."""
    state = np.zeros(SIZE, np.int64)
    state[STRING] = state[COMMA] = state[SUSPECT] = -1
    state[AFTER], state[LAST] = after, _CLOSE_LIST if after else 0
    return state


def lost_at_its_beginning(state: NDArray[np.int64], held: int) -> NDArray[np.int64]:
    """Return the state in which an element is gone over again that hides others, of `held` bytes."""
    lost = state.copy()
    lost[[AT, DEPTH, WITHIN]] = 0
    lost[[STRING, COMMA, SUSPECT]] = -1
    lost[[LOST, REPAIRED]] = 1
    lost[LAST], lost[SURE] = _OPEN, held
    return lost


@njit(nogil=True, cache=True)
def find_cuts(data, state, seen, arrays, reopens):  # type: ignore[no-untyped-def]
    """Return (n, 2) int64: where entries end in what is held of a content, and where the next ones begin.

    `seen`: how elements began. `arrays`: entries are elements, else objects. `reopens`: another array may
    follow, and nothing else.
    """
    cuts = np.empty((64, 2), np.int64)
    found = 0
    at, depth, string, last = state[AT], state[DEPTH], state[STRING], state[LAST]
    while at < data.size:
        byte = data[at]
        before = last
        end, begin, lost_from = -1, 0, -1
        if state[WITHIN]:
            while byte >= 32 and byte != _QUOTE and byte != _BACKSLASH and at + 1 < data.size:
                at += 1
                byte = data[at]
            if byte == _QUOTE:
                state[WITHIN], last = 0, _QUOTE
            elif byte == _BACKSLASH:
                at += 1
            elif byte < 32:
                lost_from = string + 1
        elif state[LOST] or state[AFTER]:
            begins = _NO
            if byte in (_OPEN, _OPEN_LIST):
                begins = _begins(data, at, last, state, seen, arrays, reopens)
            if begins == _MAYBE:
                break  # not enough is held to say
            if begins == _YES:
                if not arrays:
                    end = begin = at
                elif byte == _OPEN_LIST and (state[AFTER] or last != _COMMA):
                    end, begin = at, at + 1  # another array
                else:
                    end, begin = (state[COMMA], at) if state[COMMA] >= 0 else (at, at)
                state[LOST] = state[AFTER] = 0
            elif byte == _COMMA:
                state[COMMA] = at
            elif byte > 32 and not (reopens or state[LOST] or state[REPAIRED]):
                state[ENDED] = 1
                break
            if byte > 32:
                last = byte
        elif byte <= 32:
            pass
        elif last == _QUOTE and byte != _COMMA and byte != _COLON and byte != _CLOSE and byte != _CLOSE_LIST:
            lost_from = string + 1
        elif byte == _QUOTE:
            string, state[BEFORE] = at, last
            if last == 0 or last in (_COMMA, _COLON, _OPEN, _OPEN_LIST):
                state[WITHIN] = 1
            else:
                lost_from = at + 1
        elif byte == _BACKSLASH:
            lost_from = at + 1
        elif byte in (_OPEN, _OPEN_LIST):
            if depth == 0 and last != 0 and (last in (_CLOSE, _CLOSE_LIST) or not arrays):
                end = begin = at  # a comma is missing, or what stands before is no object
            elif depth == 0 and byte == _OPEN_LIST and arrays and _is_alone(data, at, seen):
                lost_from, before = at + 1, _COMMA
            elif 0 < depth <= _DEEPEST and not _may_open(state[OBJECTS] >> depth & 1, last):
                lost_from = at  # this may be the next element
            else:
                name, closely = beginning(data, at)
                if name == UNKNOWN:
                    break
                if not (arrays and depth > 0 and last == _COMMA and is_of_elements(seen, closely)):
                    note(seen, name, closely, depth > 0)
                elif at < state[SURE]:
                    end, begin = comma_before(data, at), at
                elif state[SUSPECT] < 0:
                    state[SUSPECT] = at
                depth += 1
                if depth <= _DEEPEST:
                    bit = np.int64(1) << depth
                    state[OBJECTS] = state[OBJECTS] | bit if byte == _OPEN else state[OBJECTS] & ~bit
                last = byte
        elif byte in (_CLOSE, _CLOSE_LIST):
            last = byte
            if depth > 0 and (depth > _DEEPEST or (state[OBJECTS] >> depth & 1) == (byte == _CLOSE)):
                depth -= 1
                if depth == 0 and not arrays:
                    end = begin = at + 1
            elif depth == 0 and byte == _CLOSE_LIST and arrays:
                end, begin = at, at + 1
                state[AFTER], state[COMMA] = 1, -1
            elif depth == 0 and not arrays:
                end = begin = at + 1
            else:
                lost_from = at + 1
                before = byte if byte == _CLOSE_LIST else before
        elif byte == _COMMA and depth == 0 and arrays:
            end, begin = at, at + 1
            last = byte
        elif byte == _COMMA and (last in (_COMMA, _COLON, _OPEN, _OPEN_LIST)):
            lost_from = at
        else:
            last = byte
        at += 1
        if lost_from >= 0 and state[SUSPECT] >= 0:
            end, begin = comma_before(data, state[SUSPECT]), state[SUSPECT]
            state[WITHIN], state[REPAIRED], state[SURE] = 0, 1, max(at, state[SURE])
        elif lost_from >= 0:
            last = state[BEFORE] if lost_from == string + 1 else before
            at, string = max(0, lost_from), -1
            state[WITHIN], state[LOST], state[REPAIRED], state[COMMA] = 0, 1, 1, -1
        if end >= 0:
            if found == len(cuts):
                longer = np.empty((2 * found, 2), np.int64)
                longer[:found] = cuts
                cuts = longer
            cuts[found, 0], cuts[found, 1] = end, begin
            found += 1
            at, depth, string, last = begin, 0, -1, _CLOSE_LIST if state[AFTER] else 0
            state[SUSPECT] = -1
    state[AT], state[DEPTH], state[STRING], state[LAST] = at, depth, string, last
    return cuts[:found]


@njit(nogil=True)
def _may_open(in_object, last):  # type: ignore[no-untyped-def]
    """Say whether a bracket may open behind `last` in an object, or else in a list."""
    return last == _COLON if in_object else last in (_COMMA, _OPEN_LIST)


@njit(nogil=True)
def _begins(data, at, last, state, seen, arrays, reopens):  # type: ignore[no-untyped-def]
    """Say whether the bracket at `at` begins an entry, or may do so when more is known."""
    if not arrays:
        return _YES if data[at] == _OPEN and (last == _CLOSE or data[at - 1] == _NEWLINE) else _NO
    if data[at] == _OPEN_LIST and state[AFTER]:
        return _YES if reopens and last != _COLON and last != _OPEN_LIST else _NO
    if data[at] == _OPEN_LIST and last == _CLOSE_LIST:
        return _YES if reopens else _NO
    if last != 0 and last != _COMMA and (last != _CLOSE_LIST or not state[AFTER]):
        return _NO
    name, closely = beginning(data, at)
    if name == UNKNOWN:
        return _MAYBE
    return _YES if may_be_of_elements(seen, name, closely, state[REPAIRED] != 0) else _NO


@njit(nogil=True)
def _is_alone(data, at, seen):  # type: ignore[no-untyped-def]
    """Say whether the list at `at` is no element, as no other is one: the next element is an object in it."""
    place = behind_space(data, at + 1)
    return are_objects(seen) and place < data.size and data[place] == _OPEN
