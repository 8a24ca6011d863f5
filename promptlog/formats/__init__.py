"""Log formats: one file each. Every module here that has a FORMAT (or FORMATS) is one."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from operator import attrgetter, itemgetter
from pkgutil import iter_modules

from promptlog import strict
from promptlog.errors import LogError
from promptlog.formats.base import LogFormat
from promptlog.formats.enveloped import ENVELOPES, Enveloped
from promptlog.reasons import Reason, Skip

# A log mixes formats now and then; one line in fifty that looks familiar is chance.
LEAST_CONFIDENCE = 0.1
# An envelope in an envelope in an envelope is as far as any pipeline goes.
_DEEPEST = 3
# Nor do all parts of a batch have to be looked at: a line may hold a million.
_LOOKED_AT = 50


def _found() -> Iterator[LogFormat]:
    for module in iter_modules(__path__):
        has = import_module(f"{__name__}.{module.name}")
        yield from getattr(has, "FORMATS", [has.FORMAT] if hasattr(has, "FORMAT") else [])


FORMATS: tuple[LogFormat, ...] = tuple(sorted(_found(), key=attrgetter("name")))
"""Every format, by name. No two are equally sure of one entry."""

_OF_TEXT = tuple(known for known in FORMATS if known.reads_text)
_WRAPPERS = tuple(known for known in FORMATS if known.wraps)


def by_name(name: str) -> LogFormat:
    """Return the format of that name: "litellm", or "docker/litellm" in an envelope.

    Raises LogError, which lists the names there are.
    """
    outer, _, inner = name.rpartition("/")
    if outer:
        for envelope in ENVELOPES:
            if envelope.name == name.partition("/")[0]:
                return Enveloped(envelope, by_name(name.partition("/")[2]))
    for known in FORMATS:
        if known.name == inner:
            return known
    raise LogError(
        f"no log format is called {name!r}; there are: {', '.join(known.name for known in FORMATS)}"
    )


def entry_of(line: bytes) -> object:
    """Return the entry of a line: its JSON value, or its text when a format knows it.

    Raises Skip for a line that is neither.
    """
    try:
        return strict.decode(line)
    except Skip as skip:
        if skip.reason is Reason.NOT_JSON and line[:1] != b"{":
            text = line.decode()
            if any(known.recognises(text) for known in _OF_TEXT):
                return text
        raise


def choose(sample: Sequence[object], depth: int = _DEEPEST) -> tuple[LogFormat | None, float]:
    """Return the format that fits a sample of entries best, with its confidence."""
    confidence, best = _best(sample)
    if confidence < 0.5 and depth:
        for envelope in ENVELOPES:
            opened = [inside for entry in sample if (inside := envelope.open(entry))]
            if not opened:
                continue
            parts = islice(chain.from_iterable(opened), _LOOKED_AT)
            inner, sure = choose(list(parts), depth - 1)
            if inner and sure * len(opened) / len(sample) > confidence:
                confidence, best = sure * len(opened) / len(sample), Enveloped(envelope, inner)
    return (best, confidence) if confidence >= LEAST_CONFIDENCE else (None, 0.0)


def of_entry(entry: object) -> LogFormat | None:
    """Return the format that fits one entry best, if any does."""
    return choose([entry])[0]


def is_wrapper(entry: object) -> bool:
    """Say whether an entry is more than a bare body."""
    return any(known.recognises(entry) for known in _WRAPPERS)


def _best(sample: Sequence[object]) -> tuple[float, LogFormat]:
    return max(((known.detect(sample), known) for known in FORMATS), key=itemgetter(0))
