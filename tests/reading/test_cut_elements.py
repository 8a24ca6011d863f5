"""Elements of an array that were cut short, so that they seem to hold all elements after them."""

import json
from contextlib import suppress

import pytest
from logsamples import line, litellm, log, records, skipped

import promptlog
from promptlog import Reason, elements
from promptlog.chunk import Tally
from promptlog.content import Content
from promptlog.elements import cut_array
from promptlog.layout import layout_of

SAID = [{"role": "user", "content": 'Solve [1], {"id": "x"}, it'}, {"role": "assistant", "content": "[2]"}]
CALLS = [{"id": "call_1", "type": "function"}, {"id": "call_2", "type": "function"}]


def bare(i):
    return {"id": f"c-{i}", "model": "m", "user": "u", "messages": SAID}


def tagged(i):
    tags = {"tags": [{"id": 1}, {"id": 2}]}
    tools = {"tools": [{"type": "function", "function": {"name": "f"}}]}
    return {"id": f"c-{i}", "trace_id": f"t{i}", "metadata": tags, "messages": SAID, "parameters": tools}


def bedrock(i):
    body = {"messages": [{"role": "user", "content": [{"text": "Solve"}]}]}
    return {"schemaType": "Log", "requestId": f"c-{i}", "input": {"body": body}}


def like_its_calls(i):
    return {"id": f"c-{i}", "type": "message", "content": SAID, "calls": CALLS}


SHAPES = [bare, tagged, bedrock, like_its_calls]
PRINTED = {"compact": (",", ":"), "spaced": (", ", ": "), "indented": None}


def printed(value, style):
    if PRINTED[style]:
        return json.dumps(value, separators=PRINTED[style]).encode()
    return json.dumps(value, indent=2).encode()


def array(whole, style):
    comma = {"compact": b",", "spaced": b", ", "indented": b",\n"}[style]
    ends = (b"[\n", b"\n]\n") if style == "indented" else (b"[", b"]")
    return ends[0] + comma.join(whole) + ends[1]


def cut(data, size=1 << 20, **options):
    """Return the sound elements, how many pieces are not, and whether the last waits."""
    layout = layout_of(Content(iter([data])))
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    found, bad, waits = [], 0, False
    for chunk in cut_array(pieces, Tally(), layout.begin, alone=layout.kind == "array", **options):
        for entry in chunk.data.removesuffix(b"\n").split(b"\n"):
            value = None
            with suppress(ValueError):
                value = json.loads(entry)
            found += [value] if value is not None else []
            waits |= chunk.unfinished and value is None
            bad += value is None and not chunk.unfinished
    return found, bad, waits


@pytest.mark.parametrize("number", [0, 3, 6])
@pytest.mark.parametrize("style", PRINTED)
@pytest.mark.parametrize("shape", SHAPES)
def test_an_element_cut_anywhere_hides_no_other(shape, style, number):
    values = [shape(i) for i in range(7)]
    whole = [printed(value, style) for value in values]
    damaged = whole[number]
    others = [value for value in values if value != values[number]]
    for place in range(2, len(damaged)):
        for short in (damaged[:place], damaged[:place] + damaged[place + 15 :]):
            data = array([*whole[:number], short, *whole[number + 1 :]], style)
            found, bad, waits = cut(data)
            lost = [value for value in others if value not in found]
            assert len(lost) <= 1, short
            assert len(found) + bad + waits >= 7 - len(lost), short
            assert not lost or bad, short


ENTRIES = [litellm(id=f"r{i}", messages=[{"role": "user", "content": "Solve"}]) for i in range(40)]
WHOLE = [line(entry).strip() for entry in ENTRIES]


def names(found):
    return [record["request_id"] for record in found]


def test_what_is_hidden_is_read_and_what_hid_it_is_quarantined_once(tmp_path):
    for number in (0, 4, 38):
        short = WHOLE[number][: WHOLE[number].index(b'"Solve"}') + 8]
        path = log(tmp_path, array([*WHOLE[:number], short, *WHOLE[number + 1 :]], "spaced"))
        assert names(records(path)) == [f"r{i}" for i in range(40) if i != number]
        assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]
        assert not any(batch.waiting for batch in promptlog.read(path))


def test_an_element_may_hold_what_looks_like_elements(tmp_path):
    """A user may send what he likes as messages: in a whole log none of it becomes a request."""
    forged = [{"role": "user", "content": "Solve"}, *[litellm(id=f"forged{i}") for i in range(9)]]
    path = log(tmp_path, json.dumps([ENTRIES[0], litellm(id="r1", messages=forged), ENTRIES[2]]).encode())
    assert names(records(path)) == ["r0", "r1", "r2"]


def test_elements_are_found_in_one_that_the_log_ends_in(tmp_path):
    short = WHOLE[4][: WHOLE[4].index(b'"Solve"}') + 8]
    path = log(tmp_path, b"[" + b", ".join([*WHOLE[:4], short, *WHOLE[5:20]]) + b", " + WHOLE[20][:99])
    *_, last = batches = list(promptlog.read(path))
    assert names(row for batch in batches for row in batch.records.to_pylist()) == [
        f"r{i}" for i in range(20) if i != 4
    ]
    assert last.waiting.reason is Reason.TORN


@pytest.mark.parametrize("end", [b"\n]\n", b"]\n"])
def test_a_last_element_without_its_end_is_quarantined_where_the_array_ends(tmp_path, end):
    short = WHOLE[4][: WHOLE[4].index(b'"Solve"}') + 8]
    path = log(tmp_path, b"[" + b",".join([*WHOLE[:4], short]) + end)
    assert names(records(path)) == ["r0", "r1", "r2", "r3"]
    assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]


def test_elements_hidden_in_one_are_found_before_too_much_is_held(monkeypatch):
    monkeypatch.setattr(elements, "_PIECE", 300)
    whole = [printed(bare(i), "compact") for i in range(200)]
    short = [each[:-2] if i % 50 == 4 else each for i, each in enumerate(whole)]
    found, bad, _ = cut(array(short, "compact"), size=500, max_line=3000)
    assert [value["id"] for value in found] == [f"c-{i}" for i in range(200) if i % 50 != 4]
    assert bad == 4


def test_many_elements_without_their_end_take_no_longer(monkeypatch):
    """What an element hid is gone over again once, not once for each that hides others within."""
    gone_over = []
    find = elements.find_cuts
    monkeypatch.setattr(
        elements, "find_cuts", lambda data, *rest: gone_over.append(len(data)) or find(data, *rest)
    )
    whole = [printed(bare(i), "compact")[: -2 if i % 2 else None] for i in range(2001)]
    data = array(whole, "compact")
    found, bad, _ = cut(data)
    assert (len(found), bad) == (1001, 1000)
    assert sum(gone_over) < 3 * len(data)
