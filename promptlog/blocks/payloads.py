"""Lines of LiteLLM payloads → where the members that count stand, without a Python object.

One pass over the bytes of a block. It judges a line's JSON as strictly as any decoder and knows one
shape, that of nearly all payloads: plain texts, an account that names one person, a time in seconds.
Whatever else it meets (another type, a member named twice, deep nesting, large numbers, marks of
LiteLLM, what is no JSON) it leaves to `LiteLLM.parse_line`, line by line, which alone says what is
wrong. It needs no bounds: a line ends in a newline, which JSON allows nowhere within.

All in one file, as Numba's cache watches no other; `texts.py` makes columns of what is found.
"""

import numpy as np
from numba import njit

from promptlog.times import EARLIEST, LATEST

# The members that are looked at, by where they stand.
_TOP, _METADATA, _PARAMETERS, _MESSAGE = range(4)
_NAMES = (
    ["id", "trace_id", "call_type", "startTime", "model", "model_map_information", "metadata",
     "requester_ip_address", "user_agent", "messages", "model_parameters"],
    ["user_api_key_user_id", "user_api_key_team_id", "user_api_key_org_id", "requester_ip_address"],
    ["tools", "functions", "system"],
    ["role", "content"],
)  # fmt: skip
(_ID, _TRACE, _CALL, _TIME, _MODEL, _MAP, _META, _IP, _AGENT, _MESSAGES, _MODEL_PARAMETERS,
 _USER, _TEAM, _ORGANISATION, _META_IP, _TOOLS, _FUNCTIONS, _SYSTEM,
 _ROLE, _CONTENT) = range(sum(map(len, _NAMES)))  # fmt: skip

_SPELT = np.frombuffer("".join(map("".join, _NAMES)).encode(), np.uint8)
_LENGTH = np.array([len(name) for names in _NAMES for name in names])
_BEGIN = np.concatenate([[0], np.cumsum(_LENGTH)])
_FIRST = np.concatenate([[0], np.cumsum([len(names) for names in _NAMES])])
# Of each place the lengths of its names, and of the two that are allowed in one place only, as bits.
_ALONE = ("messages", "user_api_key_user_id")
_LENGTHS = np.array([sum({1 << len(name) for name in (*names, *_ALONE)}) for names in _NAMES])

# What is found of a line, in the order in which `litellm_block` makes columns of it.
FIELDS = ("id", "account", "time", "model", "ip", "agent", "organisation", "session", "system", "tools",
          "first", "last")  # fmt: skip
(_AT_ID, _AT_ACCOUNT, _AT_TIME, _AT_MODEL, _AT_IP, _AT_AGENT, _AT_ORGANISATION, _AT_SESSION,
 _AT_SYSTEM, _AT_TOOLS, _AT_FIRST, _AT_LAST) = range(len(FIELDS))  # fmt: skip

# Members that are fields as they are; of several for one field the last that is not empty counts.
_TAKEN = (
    *((_AT_ID, _ID), (_AT_ACCOUNT, _USER), (_AT_TIME, _TIME), (_AT_MODEL, _MODEL), (_AT_AGENT, _AGENT)),
    *((_AT_SESSION, _TRACE), (_AT_IP, _META_IP), (_AT_IP, _IP)),
    *((_AT_ORGANISATION, _TEAM), (_AT_ORGANISATION, _ORGANISATION)),
)

_PLAIN, _QUOTED, _ESCAPED, _OTHER = range(4)
_CLASS = np.array([_OTHER] * 32 + [_PLAIN] * 96 + [_OTHER] * 128, np.uint8)
_CLASS[ord('"')], _CLASS[ord("\\")] = _QUOTED, _ESCAPED
_HEX = np.array([int(chr(c), 16) if chr(c) in "0123456789abcdefABCDEF" else -1 for c in range(256)])
# How far the end of "litellm" moves on from a byte (Horspool 1980).
_SHIFT = np.array([7 - b"\0litellm".rfind(bytes([c]), 1, 7) if c in b"litel" else 7 for c in range(256)])

_QUOTE, _BACKSLASH, _COMMA, _COLON = ord('"'), ord("\\"), ord(","), ord(":")
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = ord("{"), ord("}"), ord("["), ord("]")
_ZERO, _NINE, _NULL, _MINUS, _DOT = ord("0"), ord("9"), ord("n"), ord("-"), ord(".")
_DEEPEST = 30
_LONGEST = 100_000  # only the slow way looks for what is wrong with longer lines
_NO = (-1, 0)


@njit(nogil=True, cache=True)
def walk(data, first, last):  # type: ignore[no-untyped-def]
    """Return which of the lines `data[first:last]` are ordinary; where the text of each of FIELDS begins
    and ends, and how long it is decoded; and how many user turns there are.

    Arrays of int64: (rows,), (3, fields, rows), (rows,). Only a text without escapes is as long decoded
    as it is; one that is missing is empty.
    """
    count = 0
    lines = np.empty(first.size, np.int64)
    turns = np.empty(first.size, np.int64)
    texts = np.zeros((3, len(FIELDS), first.size), np.int64)
    kinds = np.zeros(_LENGTH.size, np.uint8)
    spans = np.zeros((3, _LENGTH.size), np.int64)
    found = np.zeros((3, len(FIELDS)), np.int64)
    for line in range(first.size):
        if last[line] - first[line] > _LONGEST or last[line] >= data.size:
            continue
        kinds[:] = 0
        found[:] = 0
        at, said = _payload(data, _space(data, first[line]), kinds, spans, found)
        if at < 0 or _space(data, at) != last[line] or not _is_ordinary(data, kinds, spans):
            continue
        _take(kinds, spans, found)
        lines[count], turns[count] = line, said
        texts[:, :, count] = found
        count += 1
    return lines[:count], texts[:, :, :count], turns[:count]


@njit(nogil=True)
def _payload(data, at, kinds, spans, found):  # type: ignore[no-untyped-def]
    """Return where a payload ends, -1 where it is out of the ordinary, and how many user turns it has."""
    turns = 0
    context = _TOP
    if data[at] != _OPEN:
        return _NO
    at = _space(data, at + 1)
    while True:
        if data[at] != _QUOTE:
            return _NO
        name = at + 1
        end, _ = _string(data, name)
        if end < 0:
            return _NO
        slot = _slot(data, name, end, context)
        at = _space(data, end + 1)
        if data[at] != _COLON or slot == -2 or (slot >= 0 and kinds[slot]):
            return _NO
        at = _space(data, at + 1)
        kind = data[at]
        if slot >= 0:
            kinds[slot] = kind
        if kind == _OPEN and (slot == _META or slot == _MODEL_PARAMETERS):
            context = _METADATA if slot == _META else _PARAMETERS
            at = _space(data, at + 1)
            if data[at] != _CLOSE:
                continue
        elif kind == _OPEN_LIST and slot == _MESSAGES:
            at = _space(data, at + 1)
            if data[at] == _OPEN:
                context = _MESSAGE
                at = _space(data, at + 1)
                continue
            if data[at] != _CLOSE_LIST:
                return _NO
            at += 1
        elif kind == _QUOTE and slot >= 0:
            end, saved = _string(data, at + 1)
            if end < 0:
                return _NO
            spans[0, slot], spans[1, slot], spans[2, slot] = at + 1, end, end - at - 1 - saved
            at = end + 1
        else:
            end = _value(data, at)
            if end < 0:
                return _NO
            if slot >= 0:
                spans[0, slot], spans[1, slot], spans[2, slot] = at, end, end - at
            at = end
        while True:  # behind a value
            at = _space(data, at)
            if data[at] == _COMMA:
                at = _space(data, at + 1)
                break
            if data[at] != _CLOSE:
                return _NO
            at += 1
            if context == _TOP:
                return at, turns
            if context == _MESSAGE:
                turns = _message(data, kinds, spans, found, turns)
                at = _space(data, at)
                if turns < 0:
                    return _NO
                if data[at] == _COMMA:
                    at = _space(data, at + 1)
                    if data[at] != _OPEN:
                        return _NO
                    at = _space(data, at + 1)
                    break
                if data[at] != _CLOSE_LIST:
                    return _NO
                at += 1
            context = _TOP


@njit(nogil=True)
def _message(data, kinds, spans, found, turns):  # type: ignore[no-untyped-def]
    """Take a message that has ended; return how many user turns there are now, -1 if it is unusual."""
    if kinds[_ROLE] != _QUOTE:
        return -1
    begin, end = spans[0, _ROLE], spans[1, _ROLE]
    is_user = _is(data, begin, end, b"user")
    if is_user or _is(data, begin, end, b"system") or _is(data, begin, end, b"developer"):
        if kinds[_CONTENT] != _QUOTE or _is_marked(data, spans[0, _CONTENT], spans[1, _CONTENT]):
            return -1
        field = (_AT_LAST if turns else _AT_FIRST) if is_user else _AT_SYSTEM
        if not is_user and found[1, _AT_SYSTEM]:
            return -1  # several are joined
        found[:, field] = spans[:, _CONTENT]
        turns += is_user
    kinds[_ROLE] = kinds[_CONTENT] = 0
    return turns


@njit(nogil=True)
def _is_ordinary(data, kinds, spans):  # type: ignore[no-untyped-def]
    """Say whether the members of a payload are of the types, and of the values, that the slow way takes
    as they are."""
    for slot in (_TRACE, _MODEL, _IP, _AGENT, _TEAM, _ORGANISATION, _META_IP):
        if kinds[slot] != _QUOTE and kinds[slot] != _NULL and kinds[slot]:
            return False
    for slot in (_FUNCTIONS, _SYSTEM):
        if kinds[slot] != _NULL and kinds[slot]:
            return False
    tools, parameters = kinds[_TOOLS], kinds[_MODEL_PARAMETERS]
    return (
        kinds[_CALL] != 0
        and kinds[_MAP] != 0
        and kinds[_MESSAGES] == _OPEN_LIST
        and kinds[_META] == _OPEN
        and (parameters == _OPEN or parameters == _NULL or parameters == 0)
        and (tools == _OPEN_LIST or tools == _NULL or tools == 0)
        and kinds[_ID] == _QUOTE
        and spans[2, _ID] > 0
        and kinds[_USER] == _QUOTE
        and not _is_packed(data, spans[0, _USER], spans[1, _USER])
        and _is_seconds(data, spans[0, _TIME], spans[1, _TIME], kinds[_TIME])
    )


@njit(nogil=True)
def _take(kinds, spans, found):  # type: ignore[no-untyped-def]
    """Take the members of an ordinary payload, besides its messages."""
    for field, slot in _TAKEN:
        if kinds[slot] and kinds[slot] != _NULL and spans[2, slot]:
            found[:, field] = spans[:, slot]
    if kinds[_TOOLS] == _OPEN_LIST:
        found[:, _AT_TOOLS] = spans[:, _TOOLS]


@njit(nogil=True)
def _slot(data, begin, end, context):  # type: ignore[no-untyped-def]
    """Return which member a name is, -1 for one that is not read, -2 for one that is out of its place."""
    length = end - begin
    if length > 62 or not (_LENGTHS[context] >> length) & 1:
        return -1
    for slot in range(_FIRST[context], _FIRST[context + 1]):
        if _is_slot(data, begin, length, slot):
            return slot
    return -2 if _must_be_alone(data, begin, length) else -1


@njit(nogil=True)
def _must_be_alone(data, begin, length):  # type: ignore[no-untyped-def]
    """Say whether a name is one of which the slow way looks for a second in all of the line."""
    return _is_slot(data, begin, length, _MESSAGES) or _is_slot(data, begin, length, _USER)


@njit(nogil=True)
def _is_slot(data, begin, length, slot):  # type: ignore[no-untyped-def]
    if length != _LENGTH[slot]:
        return False
    for at in range(length):
        if data[begin + at] != _SPELT[_BEGIN[slot] + at]:
            return False
    return True


@njit(nogil=True)
def _is(data, begin, end, text):  # type: ignore[no-untyped-def]
    if end - begin != len(text):
        return False
    for at in range(len(text)):
        if data[begin + at] != text[at]:
            return False
    return True


@njit(nogil=True)
def _is_packed(data, begin, end):  # type: ignore[no-untyped-def]
    """Say whether an account is empty or may be one of those that `accounts.unpack` splits."""
    if end == begin or data[begin] == _OPEN or data[begin] == _BACKSLASH:
        return True
    return end - begin > 5 and _is(data, begin, begin + 5, b"user_") and _holds_account(data, begin, end)


@njit(nogil=True)
def _holds_account(data, begin, end):  # type: ignore[no-untyped-def]
    for at in range(begin, end - 8):
        if _is(data, at, at + 9, b"_account_"):
            return True
    return False


@njit(nogil=True)
def _is_seconds(data, begin, end, kind):  # type: ignore[no-untyped-def]
    """Say whether a number is a time in seconds, without an exponent."""
    if not _ZERO <= kind <= _NINE or end - begin < 10 or end - begin > 25:
        return False
    seconds = 0
    for at in range(begin, begin + 10):
        if not _ZERO <= data[at] <= _NINE:
            return False
        seconds = 10 * seconds + data[at] - _ZERO
    for at in range(begin + 10, end):
        if data[at] != _DOT and not (_ZERO <= data[at] <= _NINE and data[begin + 10] == _DOT):
            return False
    return EARLIEST <= seconds < LATEST - 1


@njit(nogil=True)
def _is_marked(data, begin, end):  # type: ignore[no-untyped-def]
    """Say whether a text holds "litellm", as all of LiteLLM's marks do. No letter in it is escaped."""
    at = begin + 6
    while at < end:
        if data[at] == 109 and _is(data, at - 6, at + 1, b"litellm"):
            return True
        at += _SHIFT[data[at]]
    return False


@njit(nogil=True)
def _value(data, at):  # type: ignore[no-untyped-def]
    """Return where a value of any kind ends, -1 where it is out of the ordinary."""
    depth = 0
    objects = 0  # a bit for each level
    while True:
        kind = data[at]
        if kind == _QUOTE:
            end, _ = _string(data, at + 1)
            if end < 0:
                return -1
            at = end + 1
        elif kind == _OPEN or kind == _OPEN_LIST:
            depth += 1
            if depth > _DEEPEST:
                return -1
            objects = objects << 1 | (kind == _OPEN)
            at = _space(data, at + 1)
            if data[at] != kind + 2:  # "}" is two behind "{", and "]" behind "["
                if kind == _OPEN:
                    at = _name(data, at)
                    if at < 0:
                        return -1
                continue
            at += 1
            depth -= 1
            objects >>= 1
        else:
            at = _number(data, at) if kind == _MINUS or kind <= _NINE else _literal(data, at)
            if at < 0:
                return -1
        while depth:  # behind a value
            at = _space(data, at)
            if data[at] == _COMMA:
                at = _space(data, at + 1)
                if objects & 1:
                    at = _name(data, at)
                    if at < 0:
                        return -1
                break
            if data[at] != (_CLOSE if objects & 1 else _CLOSE_LIST):
                return -1
            at += 1
            depth -= 1
            objects >>= 1
        else:
            return at


@njit(nogil=True)
def _name(data, at):  # type: ignore[no-untyped-def]
    """Return where the value begins that a name belongs to, -1 if it is none, or one that must be alone."""
    if data[at] != _QUOTE:
        return -1
    end, _ = _string(data, at + 1)
    if (
        end < 0
        or _is_slot(data, at + 1, end - at - 1, _MESSAGES)
        or _is_slot(data, at + 1, end - at - 1, _USER)
    ):
        return -1
    at = _space(data, end + 1)
    return _space(data, at + 1) if data[at] == _COLON else -1


@njit(nogil=True)
def _space(data, at):  # type: ignore[no-untyped-def]
    while data[at] == 32 or data[at] == 9 or data[at] == 13:
        at += 1
    return at


@njit(nogil=True)
def _literal(data, at):  # type: ignore[no-untyped-def]
    for word in (b"true", b"false", b"null"):
        same = 0
        while same < len(word) and data[at + same] == word[same]:
            same += 1
        if same == len(word):
            return at + same
    return -1


@njit(nogil=True)
def _number(data, at):  # type: ignore[no-untyped-def]
    """Return where a number ends, -1 where it is none, or of a size on which decoders may differ."""
    begin = at
    at += data[at] == _MINUS
    digits = _digits(data, at)
    if digits == 0 or digits > 18 or (data[at] == _ZERO and digits > 1):
        return -1
    at += digits
    if data[at] == _DOT:
        digits = _digits(data, at + 1)
        if digits == 0:
            return -1
        at += 1 + digits
    if data[at] == ord("e") or data[at] == ord("E"):
        at += 1
        at += data[at] == ord("+") or data[at] == _MINUS
        digits = _digits(data, at)
        if digits == 0 or digits > 2:
            return -1
        at += digits
    return at if at - begin <= 40 else -1


@njit(nogil=True)
def _digits(data, at):  # type: ignore[no-untyped-def]
    begin = at
    while _ZERO <= data[at] <= _NINE:
        at += 1
    return at - begin


@njit(nogil=True)
def _string(data, at):  # type: ignore[no-untyped-def]
    """Return where a string ends that begins at `at`, and how many bytes it is shorter when decoded.

    -1 where it is no string, and where a letter is escaped: so no escape hides a name or a mark.
    """
    saved = 0
    while True:
        kind = _CLASS[data[at]]
        if kind == _PLAIN:
            at += 1
        elif kind == _QUOTED:
            return at, saved
        elif kind == _ESCAPED:
            step, size = _escape(data, at)
            if step == 0:
                return _NO
            at += step
            saved += step - size
        else:
            step = _character(data, at)
            if step == 0:
                return _NO
            at += step


@njit(nogil=True)
def _escape(data, at):  # type: ignore[no-untyped-def]
    """Return the bytes of an escape, and of what it stands for; (0, 0) if it is out of the ordinary."""
    mark = data[at + 1]
    if mark != ord("u"):
        for each in b'"\\/bfnrt':
            if mark == each:
                return 2, 1
        return 0, 0
    code = _code(data, at + 2)
    if code < 0 or ord("A") <= code <= ord("z") or 0xDC00 <= code < 0xE000:
        return 0, 0
    if 0xD800 <= code < 0xDC00:
        is_pair = data[at + 6] == _BACKSLASH and data[at + 7] == ord("u")
        return (12, 4) if is_pair and 0xDC00 <= _code(data, at + 8) < 0xE000 else (0, 0)
    return 6, 1 + (code >= 0x80) + (code >= 0x800)


@njit(nogil=True)
def _code(data, at):  # type: ignore[no-untyped-def]
    """Return the number that four hexadecimal digits are, -1 if they are none."""
    code = 0
    for place in range(at, at + 4):
        digit = _HEX[data[place]]
        if digit < 0:
            return -1
        code = code << 4 | digit
    return code


@njit(nogil=True)
def _character(data, at):  # type: ignore[no-untyped-def]
    """Return how many bytes of UTF-8 a character beyond ASCII has; 0 if it is none (Unicode, table 3-7)."""
    head, second = data[at], data[at + 1]
    if 0xC2 <= head <= 0xDF:
        return 2 if 0x80 <= second <= 0xBF else 0
    if 0xE0 <= head <= 0xEF:
        least, most = (0xA0 if head == 0xE0 else 0x80), (0x9F if head == 0xED else 0xBF)
        return 3 if least <= second <= most and data[at + 2] & 0xC0 == 0x80 else 0
    if 0xF0 <= head <= 0xF4:
        least, most = (0x90 if head == 0xF0 else 0x80), (0x8F if head == 0xF4 else 0xBF)
        if least <= second <= most and data[at + 2] & 0xC0 == 0x80 and data[at + 3] & 0xC0 == 0x80:
            return 4
    return 0
