"""Logs → Arrow batches of prompt records.

A bad line is skipped, with its reason and hash, and reading goes on: the lines that were
accepted and the lines that were skipped are together all that the log has, blank ones apart.
"""

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

from promptlog import formats
from promptlog.ahead import ahead
from promptlog.chunk import Chunk
from promptlog.containers import BLOCK, Container, open_content
from promptlog.content import Content, Mark
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.formats.mapped import Mapped
from promptlog.layout import Kind, Layout, layout_of
from promptlog.parsing import LogBatch, Parser
from promptlog.reasons import Reason, Skip

SAMPLE = 50
# Of random bytes more than half are no text, of most binary files a third; of a log with a damaged
# line in ten, or of Latin-1 in any language of Europe, less.
NO_TEXT = 0.2

_BEGINNINGS = (b"{", b"[")
_ARRAYS = (Kind.ARRAY, Kind.WRAPPED)

Share = tuple[int, int]
"""Two offsets in a log's content: what begins at the first or after, and before the second."""
ALL: Share = (0, sys.maxsize)


def read(
    path: str | Path,
    *,
    source: int = 0,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    after: Mark | None = None,
) -> Iterator[LogBatch]:
    """Yield the batches of one log, or of standard input for "-".

    `source` is the number put in the batches' source column; `after` is where an earlier reading
    stopped. Without `format` the log's first lines decide. Raises LogError when the log cannot be
    opened, no format fits it, or it is not the log that `after` speaks of.
    """
    given = given_format(format, mapping)
    with opened(path, given, lambda _: [after] if after else []) as log:
        if log.resumed != after:
            raise LogError(f"{path} is not what was read before: it was cut or replaced")
        yield from log.batches(source)


@contextmanager
def opened(
    path: str | Path,
    given: LogFormat | None = None,
    marks: Callable[[Content], Iterable[Mark]] = lambda _: (),
    likely: LogFormat | None = None,
) -> Iterator["Log"]:
    """Open a log where the last of the marks that it agrees with says that reading stopped.

    `marks` returns those that its content may agree with, by how it begins. `likely` is a format to
    try first, as where a folder holds a file for each request.
    """
    ends: tuple[Mark, ...] = ()
    while True:
        with open_content(path) as (container, content):
            resumed = content.resume(marks(content))
            ends = ends or _ends(content)
            if content.passed == (resumed.offset if resumed else 0):
                yield Log(str(path), container, content, given, resumed, likely, ends)
                return
        found = [resumed] if resumed else []  # it passed more than it should: again, up to there
        marks = lambda _: found  # noqa: B023, E731


def _ends(content: Content) -> tuple[Mark, ...]:
    """Return the end of a content that has passed, and, where a bracket closes it, that of what it closes."""
    close = content.tally.before_close
    if content.whole is None:
        return ()
    return content.whole, *([Mark(close[0] - content.mark, close[1])] if close else [])


def given_format(format: str | None, mapping: Mapping[str, str] | None) -> LogFormat | None:
    """Return the format that a user asked for, None to detect it. Raises LogError for an unknown one."""
    given = formats.by_name(format) if format else None
    return Mapped(mapping, base=given) if mapping else given


@dataclass(frozen=True)
class Log:
    """An open log, which can be read once."""

    path: str
    container: Container
    content: Content
    given: LogFormat | None = None
    resumed: Mark | None = None
    """Where reading stopped last time, when it stands there now."""
    likely: LogFormat | None = None
    ends: tuple[Mark, ...] = ()
    """Where a log that begins alike was read further than this one goes: see `end`."""

    @property
    def end(self) -> Mark | None:
        """How far a longer log agrees with this one, if this one is how that began."""
        return self.ends[-1 if self.layout.kind is Kind.ARRAY else 0] if self.ends else None

    @cached_property
    def layout(self) -> Layout:
        """How its entries are laid out."""
        return layout_of(self.content)

    @cached_property
    def sample(self) -> list[object]:
        """The first entries of the log, decoded; its first lines, when they are no JSON."""
        lines = self._first_lines()
        found = [entry for entry in map(_decoded, lines) if entry is not None]
        return found or [text for text in map(_text, lines) if text.strip() and text.endswith("\n")]

    @cached_property
    def choice(self) -> tuple[LogFormat | None, float]:
        """The format, None when it is not known, and its confidence."""
        known, confidence = self.found
        return known and known.beside(self.path), confidence

    @cached_property
    def found(self) -> tuple[LogFormat | None, float]:
        """The format by content alone, and its confidence."""
        sample = self.sample
        try:
            return self._find(sample)
        except Exception:  # an entry that trips detection has no say in it: its turn comes later
            sample[:] = filter(self._is_harmless, sample)
            return self._find(sample)

    def _find(self, sample: list[object]) -> tuple[LogFormat | None, float]:
        if self.given:
            return self.given, self.given.detect(sample)
        if self.likely and self.likely.detect(sample) == 1:
            return self.likely, 1.0  # no two formats are certain of one entry
        return formats.choose(sample)

    def _is_harmless(self, entry: object) -> bool:
        with suppress(Exception):
            self._find([entry])
            return True
        return False

    @cached_property
    def unknown(self) -> str:
        """Why the format is not known, and what to do; "" when it is, or the log may only be unfinished."""
        if self._is_ruined():
            return f"{self.path} is damaged from its beginning: nothing of it could be unpacked"
        if self._is_no_text():
            share = f"{self.content.strange:.0%} of its first bytes are control characters or no UTF-8"
            return f"{self.path} is no log: {share}, and no line among them is an entry"
        if self.layout.repeated and all(isinstance(entry, str) for entry in self.sample):
            return f"{self.path} is a table that names the column {self.layout.repeated} twice: rename one"
        if self.choice[0] is not None or self.resumed or not self.sample or self._is_mixed():
            return ""
        known = ", ".join(each.name for each in formats.FORMATS)
        if all(isinstance(entry, str) for entry in self.sample):
            return f"{self.path} does not hold JSON, one object per line; the formats read are: {known}"
        return (
            f"{self.path}: no known format fits its first lines. Say where its fields are with "
            f"--map account=…,ts=…,prompt=… or name the format with --format ({known})"
        )

    def _is_ruined(self) -> bool:
        """Say whether an archive breaks before it has given an entry: random bytes unpack to some letters."""
        first = self._chunks[0]
        broken = any(gap.reason is Reason.DAMAGED for chunk in first for gap in chunk.gaps)
        return broken and not self.resumed and not any(chunk.data for chunk in first)

    def _is_no_text(self) -> bool:
        """Say whether the content is of another kind. A log whose first lines are all damaged is none: then
        lines below them are sound."""
        if self.resumed or self.content.is_table or self.content.strange < NO_TEXT:
            return False
        if any(not isinstance(entry, str) or formats.of_entry(entry) for entry in self.sample):
            return False
        lines = (line for line in self.content.text.split(b"\n") if line[:1] in _BEGINNINGS)
        return all(_decoded(line) is None for line in lines)

    def _is_mixed(self) -> bool:
        """Say whether so many formats are mixed that none of them stands out."""
        familiar = sum(formats.of_entry(entry) is not None for entry in self.sample)
        return familiar >= formats.LEAST_CONFIDENCE * len(self.sample)

    def batches(self, source: int = 0, share: Share = ALL) -> Iterator[LogBatch]:
        """Yield what has not been read before, or the share of it that begins between two offsets.

        Raises LogError for a log of no known format.
        """
        if self.unknown:
            raise LogError(self.unknown)
        format = self.choice[0]
        parser = Parser(self.path, source, format, self.given is not None)
        first, rest = self._chunks
        long = any(len(chunk.data) >= BLOCK // 2 for chunk in first)
        chunks = _within(chain(first, rest), self.resumed, share)
        # Hashing and what is compiled let go of the interpreter's lock: three threads keep two cores busy.
        yield from ahead(map(parser.batch, ahead(chunks))) if long else map(parser.batch, chunks)

    @cached_property
    def _chunks(self) -> tuple[list[Chunk], Iterator[Chunk]]:
        """The first chunk that has entries, with those before it, and all others."""
        chunks = map(self._placed, self.layout.chunks(self.content))
        first: list[Chunk] = []
        for chunk in chunks:
            first.append(chunk)
            if chunk.data:
                break
        return first, chunks

    def _placed(self, chunk: Chunk) -> Chunk:
        """Return a chunk that has just passed, whose end is where reading may go on.

        That is counted from the text's first byte, and lies before the bracket that closes an array: one
        that grows has more elements there.
        """
        end, sha256 = chunk.end, chunk.sha256
        close = self.content.tally.before_close
        begin = chunk.data.rfind(b"\n", 0, -1) + 1
        if close and self.layout.kind in _ARRAYS and chunk.data[begin : begin + 1] == b"{":
            end, sha256 = close
        return replace(chunk, end=end - self.content.mark, sha256=sha256)

    def _first_lines(self) -> list[bytes]:
        """Return the first lines of the log, also where it is resumed."""
        if self.resumed:
            again = Content(iter([self.content.first]), damage=() if self.content.is_table else None)
            chunks = list(islice(self.layout.chunks(again), 1))
        else:
            chunks = self._chunks[0]
        lines = (line for chunk in chunks for line in io.BytesIO(chunk.data))
        return list(islice(filter(bytes.strip, lines), SAMPLE))


def _within(chunks: Iterable[Chunk], resumed: Mark | None, share: Share) -> Iterator[Chunk]:
    """Yield the chunks of a share: several readers of one log take it apart without a gap."""
    begin = resumed.offset if resumed else 0
    for chunk in chunks:
        if begin >= share[1]:
            return
        if begin >= share[0]:
            yield chunk
        begin = chunk.end


def _decoded(line: bytes) -> object:
    with suppress(Skip):
        return formats.entry_of(line)
    return None


def _text(line: bytes) -> str:
    with suppress(UnicodeDecodeError):
        return line.decode()
    return ""
