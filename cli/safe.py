"""Logged text made harmless to show: whoever sent a prompt may have written it for your terminal.

ESC starts colours, titles, links and clipboard writes; C1 controls do the same in one
character; bidi controls turn words around; zero-width and tag characters hide text. All of
them are shown as the escapes that Python would write: \\x1b, \\u202e, \\U000e0041.
"""

import re

# Printable to Unicode, nothing on a screen: fillers, vowel carriers, and the variation selectors
# that text can be smuggled in (not the two that choose between emoji and text).
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00-\ufe0d\U000e0100-\U000e01ef]")
_SUSPECT = re.compile(r"[^ -~]")


def visible(text: str, *, lines: bool = False) -> str:
    """Return text that no terminal obeys and nothing hides in.

    Newlines are shown as ⏎, or kept with `lines`; a tab becomes two spaces. Apply it once:
    text that spells out "\\x1b" looks the same as an escaped ESC.

    >>> visible("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    text = text.replace("\r\n", "\n").replace("\t", "  ")
    newline = "\n" if lines else "⏎"
    return _SUSPECT.sub(lambda found: newline if found[0] == "\n" else _shown(found[0]), text)


def escaped_json(document: bytes) -> bytes:
    """Return the same JSON document with every character that a terminal could obey escaped.

    Outside its strings JSON is plain ASCII, so only strings change, and only in spelling.
    """
    return _SUSPECT.sub(lambda found: _json(found[0]), document.decode()).encode()


def _hostile(character: str) -> bool:
    if character.isprintable():
        return _BLANK.match(character) is not None
    return not character.isspace() or character < "\xa0" or character in "\u2028\u2029"


def _shown(character: str) -> str:
    if not _hostile(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json(character: str) -> str:
    if character == "\n" or not _hostile(character):
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
