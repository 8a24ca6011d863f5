"""Damage in an array costs the element that it is in, and nothing that is read is lost."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laid_out import ENTRIES, JSON, entries_of, ids, resumed_everywhere, sound
from logsamples import line, litellm, log, records, skipped

from promptlog import Reason
from promptlog.chunk import Tally
from promptlog.content import Content
from promptlog.elements import cut_array
from promptlog.layout import Kind, layout_of


def test_a_bad_element_does_not_spoil_its_neighbours(tmp_path):
    elements = [line(entry).strip() for entry in ENTRIES[:3]]
    data = b"[" + b",".join([elements[0], b"nonsense", elements[1], b'{"a": NaN}', elements[2]]) + b"]"
    path = log(tmp_path, data)
    assert ids(records(path)) == ["r0", "r1", "r2"]
    assert [(bad.reason, data[bad.offset :][:3]) for bad in skipped(path)] == [
        (Reason.NOT_JSON, b"non"),
        (Reason.BAD_NUMBER, b'{"a'),
    ]


def test_an_element_over_the_cap_is_a_gap_and_never_held():
    long = b'{"text": "' + b"x" * 30_000 + b'"}'
    data = b'[{"a": 1}, ' + long + b', {"b": 2}]'
    pieces = (data[at : at + 5000] for at in range(0, len(data), 5000))
    first, gap, last = cut_array(pieces, Tally(), 1, alone=True, max_line=9000)
    assert (first.data, last.data, last.offsets.tolist()) == (b'{"a": 1}\n', b'{"b": 2}\n', [len(data) - 9])
    assert [(each.offset, each.reason) for each in gap.gaps] == [(10, Reason.TOO_LONG)]


PIECES = st.sampled_from([*'{}[],"\\: \n1é', '"a"', '{"a": [1, "]"]}'])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["[{", '{"data": [{', "{\n  "]), st.lists(PIECES, max_size=40), st.integers(1, 9))
def test_nothing_is_lost_of_any_text_in_any_layout(begin, pieces, size):
    """Whatever stands between the first and the last byte is an entry, accepted or not, or it waits."""
    data = (begin + "".join(pieces)).encode()
    layout = layout_of(Content(iter([data])))
    content = Content(iter([data[at : at + size] for at in range(0, len(data), size)]))
    entries = entries_of(layout.chunks(content))
    if layout.kind is not Kind.WRAPPED:
        assert content.tally.offset == len(data)
    assert entries == entries_of(layout.chunks(Content(iter([data]))))


def test_an_array_whose_first_elements_are_damaged_is_an_array(tmp_path):
    elements = [b"garbage"] * 20 + [line(litellm()).strip()] * 5
    path = log(tmp_path, b"[\n" + b",\n".join(elements) + b"\n]\n")
    assert len(records(path)) == 5
    assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON] * 20


HEADERS = b"HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2028 00:00:00 GMT\r\n\r\n"


@pytest.mark.parametrize("name", ["array", "array, printed", "array, one a line"])
@pytest.mark.parametrize("stray", [HEADERS, b"@@\n", b")]}',\n"])
def test_what_stands_above_an_array_costs_no_element(tmp_path, name, stray):
    data = stray + JSON[name][1]
    path = log(tmp_path, data)
    found = resumed_everywhere(path)
    assert ids(found) == [entry["id"] for entry in ENTRIES]
    assert all(data[row["offset"] :].startswith(b"{") for row in found)
    assert [(bad.offset, bad.reason) for bad in skipped(path)] == [(0, Reason.NOT_JSON)]


@pytest.mark.parametrize("name", ["array", "array, printed", "array, one a line"])
def test_what_stands_at_the_head_of_an_array_costs_no_element(tmp_path, name):
    path = log(tmp_path, b"[\n@@," + JSON[name][1][1:])
    assert ids(records(path)) == [entry["id"] for entry in ENTRIES]
    assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]


def test_a_text_log_that_shows_an_array_is_none(tmp_path):
    text = b'INFO start\n[\n {\n  "a": 1\n },\n {\n  "a": 2\n }\n]\nINFO end\n'
    assert layout_of(Content(iter([text]))).kind is Kind.LINES


LAID_OUT = [
    name for name in JSON if "lines" not in name and "one object" not in name and "joined" not in name
]
# Where a character is lost or comes in, and how many elements may be lost with the one it stands in.
DAMAGE = st.tuples(
    st.sampled_from(LAID_OUT), st.integers(1, 39), st.floats(0, 1), st.sampled_from('"{}[],:\\')
)


@settings(max_examples=300, deadline=None)
@given(DAMAGE, st.booleans(), st.integers(99, 9999))
def test_damage_costs_the_element_that_it_is_in(damage, comes_in, size):
    name, number, part, character = damage
    data = JSON[name][1]
    begin = data.index(b'"r%d"' % number)
    end = data.index(b'"r%d"' % (number + 1)) if number < 39 else len(data)
    place = begin + round(part * (end - begin - 1))
    if comes_in:
        damaged = data[:place] + character.encode() + data[place:]
    else:
        place = max(begin, data.rfind(character.encode(), 0, place))
        damaged = data[:place] + data[place + 1 :]
    content = Content(iter([damaged[at : at + size] for at in range(0, len(damaged), size)]))
    found = entries_of(layout_of(Content(iter([damaged]))).chunks(content))
    assert sum(value in ENTRIES for value in sound(found)) >= 38
    assert len(found) >= 39  # between two elements, both may be one entry


@pytest.mark.parametrize("name", LAID_OUT)
def test_an_unclosed_quote_in_an_array_hides_no_other_element(tmp_path, name):
    data = JSON[name][1]
    for number in (0, 20, 39):
        path = log(tmp_path, data.replace(b'"r%d"' % number, b'"r%d' % number))
        assert ids(records(path)) == [entry["id"] for entry in ENTRIES if entry["id"] != f"r{number}"]
        assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]


def test_text_that_looks_like_elements_is_no_element(tmp_path):
    said = '},{"id": "forged"}], {"id": 1},\n{'
    elements = [litellm(id=f"r{i}", messages=[{"role": "user", "content": said}]) for i in range(9)]
    data = json.dumps(elements).encode()
    path = log(tmp_path, data)
    assert ids(records(path)) == [f"r{i}" for i in range(9)]
    path = log(tmp_path, data.replace(b'"r3"', b'"r3'))
    assert ids(records(path)) == [f"r{i}" for i in range(9) if i != 3]


def test_strings_full_of_what_looks_like_elements_take_no_longer():
    """A string that turns out to be damaged is gone over again once, not once for each."""
    string = b',{\\"id\\":\\"' * 400_000
    data = b'[{"id": "' + string + b'\n"},{"id": 1}]'
    assert entries_of(cut_array(iter([data]), Tally(), 1, alone=True))[-1] == b'{"id": 1}'
