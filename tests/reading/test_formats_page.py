"""docs/formats.md has a sample of every format, and each is read as what the page says it is."""

import re
from pathlib import Path

import pytest

from promptlog import formats
from promptlog.formats.enveloped import ENVELOPES

PAGE = Path(__file__).parents[2].joinpath("docs", "formats.md").read_text(encoding="utf-8")
SAMPLES = re.findall(r"^```(?:json|text) (\S+)\n(.*)\n```$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("name", "line"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_a_sample_is_what_the_page_calls_it(name, line):
    known = formats.of_entry(formats.entry_of(line.encode()))
    assert known is not None
    assert known.name == name
    [record] = known.parse_line(line.encode())
    assert record.first_user or name == "openai-stored"


def test_every_format_and_envelope_is_on_the_page():
    assert sorted(name for name, _ in SAMPLES) == [known.name for known in formats.FORMATS]
    assert all(f"| `{envelope.name}` |" in PAGE for envelope in ENVELOPES)
