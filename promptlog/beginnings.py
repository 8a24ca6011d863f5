"""How the elements of an array begin, by which the next one is known behind damage; compiled.

An object's beginning is known by the name of its first member, and more closely by that, the kind of the
member's value and, where the value is short, the name of the second. An object in an element may begin
with the same name (`"id"`), but seldom with all of that.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNKNOWN, NONE, LIST = -1, 0, 1  # too little is held to say; an object without a name; a list
_SOME = 0  # where it is kept that any object was seen to begin
_FIRST = 2
_NUMBERS = 1024
_LONGEST = 64  # names and values are shorter, and so is white space
_ELEMENTS, _INNER = 0, 1

_QUOTE, _BACKSLASH, _COMMA, _COLON = map(ord, '"\\,:')
_OPEN, _OPEN_LIST = map(ord, "{[")


def none_seen() -> NDArray[np.bool_]:
    """Return the beginnings of elements and of what is in elements, by number, before any was seen."""
    return np.zeros((2, _NUMBERS), np.bool_)


@njit(nogil=True)
def note(seen, name, closely, inner):  # type: ignore[no-untyped-def]
    """Keep how an element, or what is in one, begins."""
    if name > NONE:
        which = _INNER if inner else _ELEMENTS
        seen[which, name] = seen[which, closely] = True
        seen[which, _SOME] |= name != LIST


@njit(nogil=True)
def is_of_elements(seen, closely):  # type: ignore[no-untyped-def]
    """Say whether elements begin so, and nothing in them does."""
    return closely > LIST and seen[_ELEMENTS, closely] and not seen[_INNER, closely]


@njit(nogil=True)
def may_be_of_elements(seen, name, closely, repaired):  # type: ignore[no-untyped-def]
    """Say whether elements begin so, or nothing did so far, behind damage."""
    if name > NONE and seen[_ELEMENTS, name]:
        return not seen[_INNER, name] or seen[_ELEMENTS, closely] or not seen[_INNER, closely]
    return name > LIST and not seen[_INNER, name] and repaired


@njit(nogil=True)
def are_objects(seen):  # type: ignore[no-untyped-def]
    """Say whether all elements so far were objects, and there were some."""
    return seen[_ELEMENTS, _SOME] and not seen[_ELEMENTS, LIST]


@njit(nogil=True)
def beginning(data, at):  # type: ignore[no-untyped-def]
    """Return the numbers of what begins at a bracket: by its first name, and more closely."""
    if data[at] == _OPEN_LIST:
        return LIST, LIST
    first = behind_space(data, at + 1)
    if first < data.size and data[first] != _QUOTE:
        return NONE, NONE
    behind, name = _string(data, first, 0)
    colon = behind_space(data, behind) if behind > 0 else 0
    if behind < 0 or colon >= data.size:
        return UNKNOWN, UNKNOWN
    if behind == 0 or data[colon] != _COLON:
        return NONE, NONE
    value = behind_space(data, colon + 1)
    if value >= data.size:
        return UNKNOWN, UNKNOWN
    closely = name * 31 + _kind(data[value])
    comma = _behind_value(data, value)
    second = behind_space(data, comma + 1) if comma > 0 else 0
    if comma < 0 or second >= data.size:
        return UNKNOWN, UNKNOWN
    if comma > 0 and data[comma] == _COMMA and data[second] == _QUOTE:
        behind, both = _string(data, second, closely)
        if behind < 0:
            return UNKNOWN, UNKNOWN
        closely = both if behind > 0 else closely
    return _number(name), _number(closely * 31 + 1)


@njit(nogil=True)
def _number(alike):  # type: ignore[no-untyped-def]
    return _FIRST + (alike & 0xFFFFFFFF) % (_NUMBERS - _FIRST)


@njit(nogil=True)
def _kind(byte):  # type: ignore[no-untyped-def]
    """Return what all values of a kind begin with: all numbers count as one."""
    return 48 if byte == 45 or 48 <= byte < 58 else np.int64(byte)


@njit(nogil=True)
def _string(data, at, alike):  # type: ignore[no-untyped-def]
    """Return where a short name ends that begins at a quote, and its hash. 0: it is none; -1: too little
    is held to say."""
    for place in range(at + 1, min(data.size, at + _LONGEST)):
        byte = data[place]
        if byte == _QUOTE:
            return place + 1, alike
        if byte == _BACKSLASH or byte < 32:
            return 0, alike
        alike = (alike * 31 + byte) & 0xFFFFFFFF
    return -1 if at + _LONGEST > data.size else 0, alike


@njit(nogil=True)
def _behind_value(data, at):  # type: ignore[no-untyped-def]
    """Return what comes behind a short value that is no list or object; 0: it is none; -1: too little is
    held to say."""
    if data[at] in (_OPEN, _OPEN_LIST):
        return 0
    if data[at] == _QUOTE:
        behind, _ = _string(data, at, 0)
        if behind <= 0:
            return behind
        comma = behind_space(data, behind)
        return comma if comma < data.size else -1
    for place in range(at, min(data.size, at + _LONGEST)):
        byte = data[place]
        if byte == _COMMA:
            return place
        if not _is_plain(byte):
            return 0
    return -1 if at + _LONGEST > data.size else 0


@njit(nogil=True)
def _is_plain(byte):  # type: ignore[no-untyped-def]
    """Say whether a byte may stand in a number, true, false or null."""
    return 43 <= byte < 58 or 97 <= byte <= 122 or byte == 69


@njit(nogil=True)
def behind_space(data, at):  # type: ignore[no-untyped-def]
    """Return where the next byte is that is no white space, of which more than a little ends the search."""
    for place in range(at, min(data.size, at + _LONGEST)):
        if data[place] > 32:
            return place
    return min(data.size, at + _LONGEST)


@njit(nogil=True)
def comma_before(data, at):  # type: ignore[no-untyped-def]
    """Return where the comma stands behind which, and white space, a bracket is."""
    while data[at] != _COMMA:
        at -= 1
    return at
