"""Where the elements of an array end, or objects that follow each other: a count of brackets, compiled.

Damage makes a count of brackets go wrong without end: behind a quote too many or too few, texts are taken
for brackets and brackets for texts. So the little is watched that damage cannot keep up for long: no
control character stands in a string, a string follows an opening bracket, a comma or a colon and is
followed by a closing one, a comma or a colon; an object in an object follows a colon; brackets close as
they opened. Where that fails the count is *lost*, from the string on that was read last. It is found
again where the next element seems to begin: at a brace behind a comma, whose first member has a name as
those have that began elements before, or that began nothing else; of objects, at the head of a line.

A string has no quotes within but escaped ones, and no backslash stands outside of strings. So what was
passed as a string and is gone over again cannot hold another one, and no byte is gone over a third time.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

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
    ELEMENTS,  # a bit for each name, by its hash, of a first member of an element
    INNER,  # and of an object in an element
    SIZE,
) = range(15)

_QUOTE, _BACKSLASH, _COMMA, _COLON, _NEWLINE = map(ord, '"\\,:\n')
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = map(ord, "{}[]")
_DEEPEST = 62  # from there on brackets are only counted
_LIST = 1  # the bit in ELEMENTS of lists
_LONGEST = 64  # names are shorter, and so is white space
_NO, _YES, _MAYBE = range(3)


def state_at(*, after: bool) -> NDArray[np.int64]:
    """Return the state before the first element, or behind the end of an array."""
    state = np.zeros(SIZE, np.int64)
    state[STRING] = state[COMMA] = -1
    state[AFTER], state[LAST] = after, _CLOSE_LIST if after else 0
    return state


@njit(nogil=True, cache=True)
def find_cuts(data, state, arrays, reopens):  # type: ignore[no-untyped-def]
    """Return (n, 2) int64: where entries end in what is held of a content, and where the next ones begin.

    `arrays`: entries are elements, else objects. `reopens`: another array may follow, and nothing else.
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
                begins = _begins(data, at, last, state, arrays, reopens)
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
            elif depth == 0 and byte == _OPEN_LIST and arrays and _is_alone(data, at, state[ELEMENTS]):
                lost_from, before = at + 1, _COMMA
            elif 0 < depth <= _DEEPEST and not _may_open(state[OBJECTS] >> depth & 1, last):
                lost_from = at  # this may be the next element
            else:
                name = _first_name(data, at)
                if name < 0:
                    break
                depth += 1
                state[ELEMENTS if depth == 1 else INNER] |= name
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
        if lost_from >= 0:
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
    state[AT], state[DEPTH], state[STRING], state[LAST] = at, depth, string, last
    return cuts[:found]


@njit(nogil=True)
def _may_open(in_object, last):  # type: ignore[no-untyped-def]
    """Say whether a bracket may open behind `last` in an object, or else in a list."""
    return last == _COLON if in_object else last in (_COMMA, _OPEN_LIST)


@njit(nogil=True)
def _begins(data, at, last, state, arrays, reopens):  # type: ignore[no-untyped-def]
    """Say whether the bracket at `at` begins an entry, or may do so when more is known."""
    if not arrays:
        return _YES if data[at] == _OPEN and (last == _CLOSE or data[at - 1] == _NEWLINE) else _NO
    if data[at] == _OPEN_LIST and state[AFTER]:
        return _YES if reopens and last != _COLON and last != _OPEN_LIST else _NO
    if data[at] == _OPEN_LIST and last == _CLOSE_LIST:
        return _YES if reopens else _NO
    if last != 0 and last != _COMMA and (last != _CLOSE_LIST or not state[AFTER]):
        return _NO
    name = _first_name(data, at)
    if name < 0:
        return _MAYBE
    if name & state[ELEMENTS]:
        return _YES
    return _NO if not name or name == _LIST or name & state[INNER] or not state[REPAIRED] else _YES


@njit(nogil=True)
def _is_alone(data, at, elements):  # type: ignore[no-untyped-def]
    """Say whether the list at `at` is no element, as no other is one: the next element is an object in it."""
    place = _behind_space(data, at + 1)
    return elements != 0 and not elements & _LIST and place < data.size and data[place] == _OPEN


@njit(nogil=True)
def _first_name(data, at):  # type: ignore[no-untyped-def]
    """Return the bit of the name of an object's first member, 0 for none, or of a list; -1 if too little is
    held to say."""
    if data[at] == _OPEN_LIST:
        return _LIST
    begin = _behind_space(data, at + 1)
    if begin < data.size and data[begin] != _QUOTE:
        return 0
    alike = 0
    for place in range(begin + 1, min(data.size, begin + _LONGEST)):
        byte = data[place]
        if byte == _QUOTE:
            behind = _behind_space(data, place + 1)
            if behind >= data.size:
                return -1
            return np.int64(1) << 1 + alike % 62 if data[behind] == _COLON else 0
        if byte == _BACKSLASH or byte < 32:
            return 0
        alike = (alike * 31 + byte) & 0xFFFFFFFF
    return -1 if begin + _LONGEST > data.size else 0


@njit(nogil=True)
def _behind_space(data, at):  # type: ignore[no-untyped-def]
    """Return where the next byte is that is no white space, of which more than a little ends the search."""
    for place in range(at, min(data.size, at + _LONGEST)):
        if data[place] > 32:
            return place
    return min(data.size, at + _LONGEST)
