"""Lines of LiteLLM payloads → where the members that count stand, without a Python object.

One pass over the bytes of a block. It judges a line's JSON as strictly as any decoder and knows one
shape, that of nearly all payloads: plain texts, an account that names one person, a time in seconds.
Whatever else it meets (another type, a member named twice, deep nesting, large numbers, marks of
LiteLLM, what is no JSON) it leaves to `LiteLLM.parse_line`, line by line, which alone says what is
wrong. It needs no bounds, as a line ends in a newline, which JSON allows nowhere within; it may look
at eight bytes behind that.

All in one file, as Numba's cache watches no other; `texts.py` makes columns of what is found.
"""

import numpy as np
from numba import njit

from promptlog.blocks.words import load64, pointer, trailing_zeros
from promptlog.times import EARLIEST, LATEST

# The members that are looked at, by where they stand.
_TOP, _METADATA, _PARAMETERS, _MESSAGE, _PART = range(5)
_NAMES = (
    ["id", "trace_id", "call_type", "startTime", "model", "model_map_information", "metadata",
     "requester_ip_address", "user_agent", "messages", "model_parameters"],
    ["user_api_key_user_id", "user_api_key_team_id", "user_api_key_org_id", "requester_ip_address"],
    ["tools", "functions", "system"],
    ["role", "content"],
    ["type", "text"],
)  # fmt: skip
_SLOTS = sum(map(len, _NAMES))
(_ID, _TRACE, _CALL, _TIME, _MODEL, _MAP, _META, _IP, _AGENT, _MESSAGES, _MODEL_PARAMETERS,
 _USER, _TEAM, _ORGANISATION, _META_IP, _TOOLS, _FUNCTIONS, _SYSTEM,
 _ROLE, _CONTENT, _TYPE, _TEXT) = range(_SLOTS)  # fmt: skip

# Other words are spelt in the same table.
_WORDS = ("user", "system", "developer", "user_", "_account_", "true", "false", "null")
(_SAYS_USER, _SAYS_SYSTEM, _SAYS_DEVELOPER, _PACKED, _PACKED_ACCOUNT,
 _TRUE, _FALSE, _NOTHING) = range(_SLOTS, _SLOTS + len(_WORDS))  # fmt: skip

_SPELT = np.frombuffer("".join((*map("".join, _NAMES), *_WORDS)).encode(), np.uint8)
_LENGTH = np.array([len(name) for names in (*_NAMES, _WORDS) for name in names])
_BEGIN = np.concatenate([[0], np.cumsum(_LENGTH)])
_FIRST = np.concatenate([[0], np.cumsum([len(names) for names in _NAMES])])
# Of each place the lengths of its names, as bits.
_LENGTHS = np.array([sum({1 << len(name) for name in names}) for names in _NAMES])

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

_IS_ESCAPED = np.isin(np.arange(256), list(b'"\\/bfnrt'))
_HEX = np.array([int(chr(c), 16) if chr(c) in "0123456789abcdefABCDEF" else -1 for c in range(256)])
_QUOTE, _BACKSLASH, _COMMA, _COLON = ord('"'), ord("\\"), ord(","), ord(":")
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = ord("{"), ord("}"), ord("["), ord("]")
_ZERO, _NINE, _NULL, _MINUS, _DOT = ord("0"), ord("9"), ord("n"), ord("-"), ord(".")
_E, _BIG_E, _PLUS, _U, _FIRST_LETTER, _LAST_LETTER, _L, _I, _T, _M = map(ord, "eE+uAzlitm")
_SPACES, _QUOTES, _BACKSLASHES, _ONES, _HIGH = (
    np.uint64(0x0101010101010101 * byte) for byte in (32, _QUOTE, _BACKSLASH, 1, 128)
)
_DEEPEST = 30
_MOST_NAMES = 1000  # of all objects that are open at once
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LONGEST = 100_000  # only the slow way looks for what is wrong with longer lines
_NO = (-1, 0)


@njit(nogil=True, cache=True)
def walk(data, first, last):  # type: ignore[no-untyped-def]
    """Return which of the lines `data[first:last]` are ordinary; where the text of each of FIELDS begins
    and ends, and how long it is decoded; and how many user turns there are.

    Arrays of int64: (rows,), (3, fields, rows), (rows,). Only a text without escapes is as long decoded
    as it is; one that is missing is empty.
    """
    lines = np.empty(first.size, np.int64)
    turns = np.empty(first.size, np.int64)
    texts = np.empty((3, len(FIELDS), first.size), np.int64)
    kinds = np.empty(_SLOTS, np.uint8)
    spans = np.zeros(3 * _SLOTS, np.int64)
    found = np.empty(3 * len(FIELDS), np.int64)
    names = np.empty(_MOST_NAMES, np.uint64)
    count = _walk(data, first, last, lines, turns, texts, kinds, spans, found, names)
    return lines[:count], texts[:, :, :count], turns[:count]


@njit(nogil=True)
def _walk(data, first, last, lines, turns, texts, kinds, spans, found, names):  # type: ignore[no-untyped-def]
    """Fill lines, turns and texts; return how many lines are ordinary. The others are room to work in."""
    count = 0
    bytes_, kinds_, spans_, found_ = pointer(data), pointer(kinds), pointer(spans), pointer(found)
    names_ = pointer(names)
    for line in range(first.size):
        if last[line] - first[line] > _LONGEST:
            continue
        kinds[:] = 0
        found[:] = 0
        at, said = _payload(bytes_, _space(bytes_, first[line]), kinds_, spans_, found_, names_)
        if at < 0 or _space(bytes_, at) != last[line] or not _is_ordinary(bytes_, kinds_, spans_):
            continue
        _take(kinds_, spans_, found_)
        lines[count], turns[count] = line, said
        for field in range(len(FIELDS)):
            for part in range(3):
                texts[part, field, count] = found[3 * field + part]
        count += 1
    return count


@njit(nogil=True)
def _payload(data, at, kinds, spans, found, names):  # type: ignore[no-untyped-def]
    """Return where a payload ends, -1 where it is out of the ordinary, and how many user turns it has."""
    turns = count = 0
    context = _TOP
    outer = 0  # how many names the payload itself has so far, while another object is open in it
    if data[at] != _OPEN:
        return _NO
    at = _space(data, at + 1)
    while True:
        if data[at] != _QUOTE:
            return _NO
        name = at + 1
        end, saved = _string(data, name)
        if end < 0 or saved or not _is_new(data, name, end, names, outer, count):
            return _NO
        count += 1
        slot = _slot(data, name, end, context)
        at = _space(data, end + 1)
        if data[at] != _COLON:
            return _NO
        at = _space(data, at + 1)
        kind = data[at]
        if slot >= 0:
            kinds[slot] = kind
        if kind == _OPEN and (slot == _META or slot == _MODEL_PARAMETERS):
            context = _METADATA if slot == _META else _PARAMETERS
            outer = count
            at = _space(data, at + 1)
            if data[at] != _CLOSE:
                continue
        elif kind == _OPEN_LIST and slot == _MESSAGES:
            at = _space(data, at + 1)
            if data[at] == _OPEN:
                context = _MESSAGE
                outer = count
                at = _space(data, at + 1)
                continue
            if data[at] != _CLOSE_LIST:
                return _NO
            at += 1
        elif kind == _QUOTE and slot >= 0:
            end, saved = _string(data, at + 1)
            if end < 0:
                return _NO
            _span(spans, slot, at + 1, end, saved)
            at = end + 1
        else:
            end = _value(data, at, names, count)
            if end < 0:
                return _NO
            if slot >= 0:
                _span(spans, slot, at, end, 0)
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
            count = outer
            if context == _MESSAGE:
                turns = _message(data, kinds, spans, found, turns, names, count)
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
            context, outer = _TOP, 0


@njit(nogil=True)
def _message(data, kinds, spans, found, turns, names, count):  # type: ignore[no-untyped-def]
    """Take a message that has ended; return how many user turns there are now, -1 if it is unusual."""
    if kinds[_ROLE] != _QUOTE:
        return -1
    begin, length = spans[3 * _ROLE], spans[3 * _ROLE + 2]
    is_user = _is_word(data, begin, length, _SAYS_USER)
    if (
        is_user
        or _is_word(data, begin, length, _SAYS_SYSTEM)
        or _is_word(data, begin, length, _SAYS_DEVELOPER)
    ):
        is_text = kinds[_CONTENT] == _QUOTE or (
            kinds[_CONTENT] == _OPEN_LIST and _is_one_text(data, kinds, spans, names, count)
        )
        if not is_text or _is_marked(data, spans[3 * _CONTENT], spans[3 * _CONTENT + 1]):
            return -1
        field = (_AT_LAST if turns else _AT_FIRST) if is_user else _AT_SYSTEM
        if not is_user and found[3 * _AT_SYSTEM + 1]:
            return -1  # several are joined
        _put(found, field, spans, _CONTENT)
        turns += is_user
    kinds[_ROLE] = kinds[_CONTENT] = 0
    return turns


@njit(nogil=True)
def _is_one_text(data, kinds, spans, names, count):  # type: ignore[no-untyped-def]
    """Say whether a content, which is a list, has one part that is a text; then that is the content."""
    kinds[_TYPE] = kinds[_TEXT] = 0
    at = _space(data, spans[3 * _CONTENT] + 1)
    if data[at] != _OPEN:
        return False
    at = _space(data, at + 1)
    while data[at] == _QUOTE:  # it is known to be sound
        end, _ = _string(data, at + 1)
        slot = _slot(data, at + 1, end, _PART)
        at = _space(data, _space(data, end + 1) + 1)
        if slot >= 0:
            if data[at] != _QUOTE:
                return False
            kinds[slot] = _QUOTE
            end, saved = _string(data, at + 1)
            _span(spans, slot, at + 1, end, saved)
            at = _space(data, end + 1)
        else:
            at = _space(data, _value(data, at, names, count))
        if data[at] == _COMMA:
            at = _space(data, at + 1)
    at = _space(data, at + 1)
    if data[at] != _CLOSE_LIST or not (kinds[_TYPE] and kinds[_TEXT]):
        return False
    if not _is_word(data, spans[3 * _TYPE], spans[3 * _TYPE + 2], _TEXT):
        return False
    _put(spans, _CONTENT, spans, _TEXT)
    return True


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
        and spans[3 * _ID + 2] > 0
        and kinds[_USER] == _QUOTE
        and not _is_packed(data, spans[3 * _USER], spans[3 * _USER + 1])
        and _is_seconds(data, spans[3 * _TIME], spans[3 * _TIME + 1], kinds[_TIME])
    )


@njit(nogil=True)
def _take(kinds, spans, found):  # type: ignore[no-untyped-def]
    """Take the members of an ordinary payload, besides its messages."""
    for field, slot in _TAKEN:
        if kinds[slot] and kinds[slot] != _NULL and spans[3 * slot + 2]:
            _put(found, field, spans, slot)
    if kinds[_TOOLS] == _OPEN_LIST:
        _put(found, _AT_TOOLS, spans, _TOOLS)


@njit(nogil=True, forceinline=True)
def _span(spans, slot, begin, end, saved):  # type: ignore[no-untyped-def]
    spans[3 * slot], spans[3 * slot + 1], spans[3 * slot + 2] = begin, end, end - begin - saved


@njit(nogil=True, forceinline=True)
def _put(found, field, spans, slot):  # type: ignore[no-untyped-def]
    for part in range(3):
        found[3 * field + part] = spans[3 * slot + part]


@njit(nogil=True, forceinline=True)
def _slot(data, begin, end, context):  # type: ignore[no-untyped-def]
    """Return which member a name is, -1 for one that is not read."""
    length = end - begin
    if length > 62 or not (_LENGTHS[context] >> length) & 1:
        return -1
    for slot in range(_FIRST[context], _FIRST[context + 1]):
        if _is_word(data, begin, length, slot):
            return slot
    return -1


@njit(nogil=True, forceinline=True)
def _is_word(data, begin, length, word):  # type: ignore[no-untyped-def]
    if length != _LENGTH[word]:
        return False
    for at in range(length):
        if data[begin + at] != _SPELT[_BEGIN[word] + at]:
            return False
    return True


@njit(nogil=True)
def _is_packed(data, begin, end):  # type: ignore[no-untyped-def]
    """Say whether an account is empty or may be one of those that `accounts.unpack` splits."""
    if end == begin or data[begin] == _OPEN or data[begin] == _BACKSLASH:
        return True
    if end - begin > 14 and _is_word(data, begin, 5, _PACKED):
        for at in range(begin, end - 8):
            if _is_word(data, at, 9, _PACKED_ACCOUNT):
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
    found = np.uint8(0)
    for at in range(begin, end - 6):  # vector code, as it never stops early
        found |= (
            (data[at] == _L) & (data[at + 1] == _I) & (data[at + 2] == _T) & (data[at + 3] == _E)
            & (data[at + 4] == _L) & (data[at + 5] == _L) & (data[at + 6] == _M)
        )  # fmt: skip
    return found != 0


@njit(nogil=True)
def _value(data, at, names, count):  # type: ignore[no-untyped-def]
    """Return where a value of any kind ends, -1 where it is out of the ordinary.

    Of `names`, `count` are in use; behind them go those of each object that is open, one after another,
    and before each where those of the object around it begin.
    """
    depth = 0
    objects = 0  # a bit for each level
    first = count
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
            if kind == _OPEN:
                if count + 1 >= _MOST_NAMES:
                    return -1
                names[count] = first
                count += 1
                first = count
            at = _space(data, at + 1)
            if data[at] != kind + 2:  # "}" is two behind "{", and "]" behind "["
                if kind == _OPEN:
                    at = _name(data, at, names, first, count)
                    if at < 0:
                        return -1
                    count += 1
                continue
            at += 1
            depth -= 1
            objects >>= 1
            if kind == _OPEN:
                count = first - 1
                first = np.int64(names[count])
        else:
            at = _number(data, at) if kind == _MINUS or kind <= _NINE else _literal(data, at)
            if at < 0:
                return -1
        while depth:  # behind a value
            at = _space(data, at)
            if data[at] == _COMMA:
                at = _space(data, at + 1)
                if objects & 1:
                    at = _name(data, at, names, first, count)
                    if at < 0:
                        return -1
                    count += 1
                break
            if data[at] != (_CLOSE if objects & 1 else _CLOSE_LIST):
                return -1
            at += 1
            depth -= 1
            if objects & 1:
                count = first - 1
                first = np.int64(names[count])
            objects >>= 1
        else:
            return at


@njit(nogil=True, forceinline=True)
def _name(data, at, names, first, count):  # type: ignore[no-untyped-def]
    """Return where the value begins that a name belongs to, -1 if it is none, or one that came before."""
    if data[at] != _QUOTE:
        return -1
    end, saved = _string(data, at + 1)
    if end < 0 or saved or not _is_new(data, at + 1, end, names, first, count):
        return -1
    at = _space(data, end + 1)
    return _space(data, at + 1) if data[at] == _COLON else -1


@njit(nogil=True, forceinline=True)
def _is_new(data, begin, end, names, first, count):  # type: ignore[no-untyped-def]
    """Put a name, which has no escapes, behind those of its object, and say whether none of them is alike."""
    alike = np.uint64(end - begin)
    for at in range(begin, end - 7, 8):
        alike = (alike ^ load64(data, at)) * _SPREAD
        alike ^= alike >> np.uint64(32)
    left = np.uint64(8 * ((end - begin) & 7))
    word = load64(data, end - np.int64(left >> np.uint64(3))) & ((np.uint64(1) << left) - np.uint64(1))
    alike = (alike ^ word) * _SPREAD
    found = count >= _MOST_NAMES
    for place in range(first, count):  # vector code, as it never stops early
        found |= names[place] == alike
    if not found:
        names[count] = alike
    return not found


@njit(nogil=True, forceinline=True)
def _space(data, at):  # type: ignore[no-untyped-def]
    while data[at] == 32 or data[at] == 9 or data[at] == 13:
        at += 1
    return at


@njit(nogil=True)
def _literal(data, at):  # type: ignore[no-untyped-def]
    for word in (_TRUE, _FALSE, _NOTHING):
        if _is_word(data, at, _LENGTH[word], word):
            return at + _LENGTH[word]
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
    if data[at] == _E or data[at] == _BIG_E:
        at += 1
        at += data[at] == _PLUS or data[at] == _MINUS
        digits = _digits(data, at)
        if digits == 0 or digits > 2:
            return -1
        at += digits
    return at if at - begin <= 40 else -1


@njit(nogil=True, forceinline=True)
def _digits(data, at):  # type: ignore[no-untyped-def]
    begin = at
    while _ZERO <= data[at] <= _NINE:
        at += 1
    return at - begin


@njit(nogil=True, forceinline=True)
def _string(data, at):  # type: ignore[no-untyped-def]
    """Return where a string ends that begins at `at`, and how many bytes it is shorter when decoded.

    -1 where it is no string, and where a letter is escaped: so no escape hides a name or a mark.
    """
    saved = 0
    while True:
        word = load64(data, at)
        # A byte's high bit is set where it is a quote, a backslash, no printing ASCII; some may be
        # behind the first of those that are none.
        marks = (word - _SPACES | (word ^ _QUOTES) - _ONES | (word ^ _BACKSLASHES) - _ONES | word) & _HIGH
        if not marks:
            at += 8
            continue
        at += trailing_zeros(marks) >> 3
        if data[at] == _QUOTE:
            return at, saved
        if data[at] == _BACKSLASH:
            step, size = _escape(data, at)
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
    if mark != _U:
        return (2, 1) if _IS_ESCAPED[mark] else (0, 0)
    code = _code(data, at + 2)
    if code < 0 or _FIRST_LETTER <= code <= _LAST_LETTER or 0xDC00 <= code < 0xE000:
        return 0, 0
    if 0xD800 <= code < 0xDC00:
        is_pair = data[at + 6] == _BACKSLASH and data[at + 7] == _U
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
