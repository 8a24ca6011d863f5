"""Log formats: one file each, and this list of them."""

from collections.abc import Sequence

from promptlog.errors import LogError
from promptlog.formats.anthropic import Anthropic
from promptlog.formats.base import LogFormat
from promptlog.formats.litellm import LiteLLM
from promptlog.formats.openai_chat import OpenAIChat

FORMATS: tuple[LogFormat, ...] = (LiteLLM(), Anthropic(), OpenAIChat())
"""Every format, the most specific first."""

# A log mixes formats now and then; one line in fifty that looks familiar is chance.
LEAST_CONFIDENCE = 0.1


def by_name(name: str) -> LogFormat:
    """Return the format of that name. Raises LogError, which lists the names there are."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise LogError(
        f"no log format is called {name!r}; there are: {', '.join(known.name for known in FORMATS)}"
    )


def choose(sample: Sequence[object]) -> tuple[LogFormat | None, float]:
    """Return the format that fits a sample of entries best, with its confidence."""
    best = max(FORMATS, key=lambda known: known.detect(sample))
    confidence = best.detect(sample)
    return (best, confidence) if confidence >= LEAST_CONFIDENCE else (None, 0.0)


def of_entry(entry: object) -> LogFormat | None:
    """Return the format that fits one entry best, if any does."""
    best = max(FORMATS, key=lambda known: known.recognises(entry))
    return best if best.recognises(entry) else None
