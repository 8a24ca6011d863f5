"""JSON decoding that refuses what decoders tend to let through or to differ on.

Duplicate keys (decoders disagree on which one counts), NaN and infinities, integers of
thousands of digits, lone surrogates, nesting bombs: each has its own reason. This is the
slow, exact way; a format's fast way must hand over to it whatever looks suspicious.
"""

import json
import math
import re
from typing import Never

from promptlog.reasons import Reason, Skip

MAX_KEYS = 10_000
# Each value takes fifty times its bytes in memory; text of this many commas is twenty novels long.
MAX_VALUES = 2_000_000

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def decode(line: bytes) -> object:
    """Return the JSON value of a line. Raises Skip with the reason for which it has none."""
    if len(line) > MAX_VALUES and line.count(b",") + line.count(b"[") > MAX_VALUES:
        raise Skip(Reason.TOO_MANY_VALUES)
    try:
        return decode_text(line.decode())
    except UnicodeDecodeError:
        raise Skip(Reason.NOT_UTF8) from None


def decode_text(text: str) -> object:
    """Return the JSON value of a text, as `decode` does."""
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise Skip(Reason.TOO_DEEP) from None
    except json.JSONDecodeError:
        raise Skip(Reason.NOT_JSON) from None
    except ValueError:  # an integer beyond Python's limit of digits
        raise Skip(Reason.BAD_NUMBER) from None
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(value)
    return value


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Skip(Reason.LONE_SURROGATE) from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MAX_KEYS:
        raise Skip(Reason.TOO_MANY_KEYS)
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Skip(Reason.DUPLICATE_KEY)
    return found


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise Skip(Reason.BAD_NUMBER)
    return number


def _constant(_: str) -> Never:
    raise Skip(Reason.BAD_NUMBER)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
