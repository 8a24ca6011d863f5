"""How a content is laid out: one entry a line, an array, objects over many lines, or CSV.

The first block decides, and a damaged line in it does not: one sound line of JSON that begins
where lines begin is enough to know that entries are lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from json import JSONDecodeError, JSONDecoder

from promptlog import strict
from promptlog.chunk import Chunk
from promptlog.content import Content
from promptlog.lines import cut_lines
from promptlog.reasons import Skip
from promptlog.rows import cut_rows, header

LINES_LOOKED_AT = 50

# What exports call the one array that holds the entries.
WRAPPERS = (
    *("data", "records", "Records", "items", "results", "entries", "logs", "logEvents", "events", "value"),
    *("rows", "requests", "hits", "observations", "generations"),
)
_MAY_WRAP = re.compile(rb'"(?:' + "|".join(WRAPPERS).encode() + rb')"\s*:\s*\[')
_NEXT = re.compile(rb'\}\s*,\s*\{\s*"')  # where one element of an array ends and another begins
_PRINTED = re.compile(rb'\n[ \t]*\}\s*,\s*\{\s*"')  # the same where a brace stands at the head of a line
_OBJECT = re.compile(r'\s*\{\s*"')
_ARRAY = re.compile(rb"\n[ \t]*(?=\[)")
_WITHIN = b'{}[]," \t\r'  # what lines of a printed array begin with
_LARGE = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")


class Kind(StrEnum):
    """Where the entries of a content are."""

    LINES = "lines"
    ARRAY = "array"
    WRAPPED = "wrapped array"
    OBJECTS = "objects"
    CSV = "csv"


@dataclass(frozen=True)
class Layout:
    """A kind, and what its reader has to know."""

    kind: Kind = Kind.LINES
    begin: int = 0
    """Where the first element is, of an array."""
    names: tuple[str, ...] = ()
    delimiter: str = ""
    repeated: str = ""
    """The name that stands twice in what would else be the header of a table."""

    def chunks(self, content: Content) -> Iterator[Chunk]:
        """Yield the entries of a content that have not passed."""
        match self.kind:
            case Kind.LINES:
                return cut_lines(content.rest(), content.tally)
            case Kind.CSV:
                return cut_rows(content.rest(), content.tally, list(self.names), self.delimiter)
        from promptlog import elements  # compiled, and few logs need it

        if self.kind is Kind.OBJECTS:
            return elements.cut_objects(content.rest(), content.tally)
        return elements.cut_array(content.rest(), content.tally, self.begin, alone=self.kind is Kind.ARRAY)


def layout_of(content: Content) -> Layout:
    """Return the layout of a content by its first block."""
    block = content.text
    text = block.lstrip()
    skipped = content.mark + len(block) - len(text)
    lines = [line for line in text.split(b"\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT] if line.strip()]
    if text[:1] not in (b"{", b"["):
        names, delimiter = header(text)
        banner = sum(map(_is_sound, lines[1:])) > 1  # no row of a table is an object
        if names and not banner:
            return Layout(Kind.CSV, names=tuple(names), delimiter=delimiter)
        return Layout() if banner else _below(text, skipped)
    return _of_json(text, skipped, lines)


def _repeated(text: bytes) -> str:
    """Return the name for which a text's first line is no header of a table, "" if there is none."""
    line = text.partition(b"\n")[0].rstrip(b"\r")
    for delimiter in (b",", b";", b"\t", b"|"):
        cells = line.split(delimiter)
        twice = [cell for cell in cells if cells.count(cell) > 1][:1]
        if twice and header(delimiter.join(dict.fromkeys([*cells, b"_"])) + b"\n")[0]:
            return twice[0].decode("utf-8", "replace")
    return ""


def _below(text: bytes, skipped: int) -> Layout:
    """Return the layout of a text below lines that are none of it: that of an array, if there is one."""
    lines = text.split(b"\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT]
    if (begin := _ARRAY.search(b"\n".join(lines))) is None:
        return Layout(repeated=_repeated(text))
    array = text[begin.end() :]
    lines = [line for line in array.split(b"\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT] if line.strip()]
    found = _of_json(array, skipped + begin.end(), lines)
    is_all = all(line[:1] in _WITHIN for line in lines)  # a line of text within a log of lines is none
    return found if found.kind is Kind.ARRAY and is_all else Layout()


def _of_json(text: bytes, skipped: int, lines: list[bytes]) -> Layout:
    """Return the layout of a text that begins as JSON does; `lines` are its first ones."""
    entries = [_is_sound(line) for line in lines]
    sound = sum(entries)
    elements = [entry or _is_element(line) for entry, line in zip(entries, lines, strict=True)]
    wrapped = not any(elements[:1]) and _MAY_WRAP.search(b"".join(lines[:1]))
    if not wrapped and sum(elements) > 2 * sound:
        return Layout(Kind.ARRAY, skipped + (text[:1] == b"["))  # nearly all lines end in a comma
    sound = sound if len(lines) > 1 else 0
    if sound < len(lines) and 2 * sum(map(_is_joined, lines)) > len(lines):
        return Layout(Kind.OBJECTS)
    if sound > 1 or (sound and len(lines) > 1 and text[:1] == b"{"):
        return Layout()
    if text[:1] == b"[":
        batches = [_is_sound(line, b"[") for line in lines]
        if not batches[0] and sum(batches) > 1:
            return Layout()  # a batch a line, the first of them damaged
        begins = text[1:].lstrip()[:1] in (b"{", b"[", b"]", b"") or sum(elements) > 1
        follows = _PRINTED if len(lines) > 2 else _NEXT
        begins = begins or (not any(batches) and follows.search(text) is not None)
        return Layout(Kind.ARRAY, skipped + 1) if begins else Layout()
    if _MAY_WRAP.search(text) and (begin := _wrapped(text.decode("latin-1"))):
        return Layout(Kind.WRAPPED, skipped + begin)
    return Layout() if sound or not _is_spread(lines) else Layout(Kind.OBJECTS)


def _is_sound(line: bytes, opening: bytes = b"{") -> bool:
    """Say whether a line is an object (or array), and of a size that is quickly decoded."""
    if line[:1] != opening or len(line) > _LARGE:
        return False
    try:
        strict.decode(line)
    except Skip:
        return False
    return True


def _is_element(line: bytes) -> bool:
    """Say whether a line is an object and a comma."""
    element = line.rstrip(b"\r ,")
    return len(element) < len(line) and _is_sound(element)


def _is_joined(line: bytes) -> bool:
    """Say whether a line is an object, and another one follows."""
    if line[:1] != b"{":
        return False
    text = line.decode("latin-1")
    try:
        _, end = _DECODER.raw_decode(text)
    except (JSONDecodeError, RecursionError, ValueError):
        return False
    return _OBJECT.match(text, end) is not None


def _is_spread(lines: list[bytes]) -> bool:
    """Say whether an object goes on over lines: as a rule no line within one begins with a brace."""
    return len(lines) > 1 and lines[1][:1] in b' \t"}'


def _wrapped(text: str) -> int:
    """Return where the first element of the array is that an object wraps; 0 if it wraps none."""
    at = 0
    try:
        while text[at] in "{,":
            name, at = _DECODER.raw_decode(text, _after_space(text, at + 1))
            at = _after_space(text, _after_space(text, at) + 1)
            if name in WRAPPERS and text[at] == "[" and text[_after_space(text, at + 1)] == "{":
                return 0 if _is_turn(text, at + 1) else at + 1
            if name != "hits" or text[at] != "{":  # Elasticsearch: {"hits": {"hits": [
                _, at = _DECODER.raw_decode(text, at)
                at = _after_space(text, at)
    except (IndexError, JSONDecodeError, RecursionError, ValueError):
        pass
    return 0


def _is_turn(text: str, at: int) -> bool:
    """Say whether an array's first element is a turn: then the array is one conversation, one entry."""
    try:
        first, _ = _DECODER.raw_decode(text, _after_space(text, at))
    except (JSONDecodeError, RecursionError, ValueError):
        return False
    return isinstance(first, dict) and "role" in first


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


_DECODER = JSONDecoder()
