"""JSON that a logger cut → what was complete of it.

Gateways cap what they keep of a request. Its first part still holds the system prompt and
the first turns, but no decoder takes it; and it must not be read as plain text, since the
brackets and member names that all requests have would then look like a shared template.
"""

import re

from promptlog import strict
from promptlog.reasons import Reason, Skip

_BEGINS = re.compile(r'\s*(?:\{\s*"|\[\s*[{\["])')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],]|"', re.DOTALL)
# An unfinished string as far as it is whole, and what a cut within an escape (of which a letter
# beyond the basic plane has two) can leave behind that.
_STRING = re.compile(
    r'"(?:[^"\\]|\\["\\/bfnrt]|\\u(?![dD][89abAB])[0-9a-fA-F]{4}'
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)
_HALF_SAID = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2})?(?:\\(?:u[0-9a-fA-F]{0,3})?)?")
_CLOSERS = {"{": "}", "[": "]"}
_DEEPEST = 200


def complete(text: str) -> object:
    """Return the value of a JSON text that stops short, without what is half said at its end.

    None when it is no such text. Raises Skip for hostile JSON.

    >>> complete('[{"role": "user", "content": "Solve thi')
    [{'role': 'user', 'content': 'Solve thi'}]
    """
    if not _BEGINS.match(text):
        return None
    open_: list[str] = []
    whole = (0, "")  # up to here, and with these closers, the text is complete
    tail = text
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in _CLOSERS:
            open_.append(_CLOSERS[mark])
            if len(open_) > _DEEPEST:
                raise Skip(Reason.TOO_DEEP)
            whole = (token.end(), _closing(open_))
        elif mark == ",":
            whole = (token.start(), _closing(open_))
        elif mark == '"':
            tail = _without_half(text, token.start()) + '"'
            break
        elif mark in "}]":
            if not open_ or open_.pop() != mark:
                return None
            if not open_:
                return None  # it ends, and other text follows
            whole = (token.end(), _closing(open_))
    for candidate in (tail + _closing(open_), text[: whole[0]] + whole[1]):
        try:
            return strict.decode_text(candidate)
        except Skip as skip:
            if skip.reason is not Reason.NOT_JSON:
                raise
    return None


def _without_half(text: str, start: int) -> str:
    """Return a text without what is half said at the end of its last string, which begins at `start`."""
    string = _STRING.match(text, start)
    return text[: string.end()] if string and _HALF_SAID.fullmatch(text, string.end()) else text


def _closing(open_: list[str]) -> str:
    return "".join(reversed(open_))
