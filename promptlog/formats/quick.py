"""Decoding by msgspec, three times faster than the strict way, which judges what it refuses.

msgspec takes the last of two members of one name. What it took is written again: outside of texts a
colon stands behind each name and nowhere else, within texts they are as they were. So the same number
of colons says that no member was dropped, unless a text escapes one; such lines go the strict way.
"""

import msgspec

from promptlog import strict

_DECODER = msgspec.json.Decoder()
_ENCODER = msgspec.json.Encoder()
# What msgspec raises for a line that it refuses, or for integers that it reads but does not write.
_ORDINARY = (ValueError, RecursionError, OverflowError, msgspec.MsgspecError)
_ESCAPED_COLON = b"\\u003"


def decode(line: bytes) -> object:
    """Return the JSON value of a line. Raises Skip as `strict.decode`."""
    if _ESCAPED_COLON in line:
        return strict.decode(line)
    try:
        value = _DECODER.decode(line)
        written = _ENCODER.encode(value)
    except _ORDINARY:
        return strict.decode(line)
    return value if written.count(b":") == line.count(b":") else strict.decode(line)
