"""A block read at once gives what its lines give one by one, or nothing at all."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logsamples import START, line, litellm, log, metadata, records

from promptlog import parsing
from promptlog.formats.litellm import LiteLLM
from promptlog.parsing import _bounds
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord, batch_of

FORMAT = LiteLLM()
USER = b'"user_api_key_user_id":'
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"b": 1, "a": 2}}}]
PARTS = [
    {"type": "text", "text": "Solve"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
]

ORDINARY = {
    "as logged": {},
    "not ASCII": {"messages": [{"role": "user", "content": "résoudre \u2028 \N{GRINNING FACE}"}]},
    "tools": {"model_parameters": {"temperature": 0.2, "tools": TOOLS}},
    "no tools": {"model_parameters": {"tools": None}},
    "a history": {
        "messages": [
            {"role": "developer", "content": "Be brief."},
            *({"role": role, "content": f"{role} {i}"} for i in range(3) for role in ("user", "assistant")),
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},
            {"role": "tool", "content": [{"type": "text", "text": "4"}]},
        ]
    },
    "a text as a part": {
        "messages": [
            {"role": "system", "content": [{"cache_control": {"type": "text"}, "text": "é", "type": "text"}]},
            {"role": "user", "content": [PARTS[0]]},
            {"role": "assistant", "content": PARTS},
        ]
    },
    "no messages": {"messages": []},
    "an address of the proxy": {
        "requester_ip_address": None,
        "metadata": metadata(requester_ip_address="192.0.2.9"),
    },
    "an integer time": {"startTime": 1776816003},
    "members missing": {"trace_id": None, "user_agent": None, "model_parameters": None, "model": None},
}
UNUSUAL = {
    "no text in a part": {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
    "a part of no type": {"messages": [{"role": "user", "content": [{"text": "Solve"}]}]},
    "a part of another type": {
        "messages": [{"role": "user", "content": [PARTS[0] | {"type": "input_text"}]}]
    },
    "null as text": {"messages": [{"role": "user", "content": [PARTS[0] | {"text": None}]}]},
    "no part": {"messages": [{"role": "user", "content": []}]},
    "a text among parts": {"messages": [{"role": "user", "content": ["Solve"]}]},
    "a part redacted": {"messages": [{"role": "user", "content": [PARTS[0] | {"text": "litellm"}]}]},
    "parts": {"messages": [{"role": "user", "content": PARTS}, {"role": "user", "content": "x"}]},
    "two instructions": {"messages": [{"role": role, "content": role} for role in ("developer", "system")]},
    "a packed account": {"metadata": metadata(user_api_key_user_id="user_0a_account_11-22_session_33-44")},
    "no id": {"id": None},
    "a number as id": {"id": 7},
    "no account": {"metadata": metadata(user_api_key_user_id=None)},
    "a list as account": {"metadata": metadata(user_api_key_user_id=["u"])},
    "a time in milliseconds": {"startTime": START * 1000},
    "a time as text": {"startTime": "2026-01-01T00:00:00Z"},
    "messages as text": {"messages": "Solve"},
    "redacted": {"messages": [{"role": "user", "content": "redacted-by-litellm"}]},
    "cut": {"messages": [{"role": "user", "content": "a (litellm_truncated skipped 9 chars) b"}]},
    "old tools": {"model_parameters": {"functions": TOOLS}},
    "a system prompt apart": {"model_parameters": {"system": "S"}},
}


def lines_of(*changes):
    return [line(litellm(**each)).strip() for each in changes]


def in_a_block(lines):
    """Return the records of the lines that are read at once, None for the others."""
    data = b"\n".join([*lines, b""])
    ordinary, columns = FORMAT.parse_block(data, *_bounds(data))
    rows = batch_of(columns, np.zeros(len(ordinary), np.int64), 0).select(PromptRecord._fields).to_pylist()
    found = dict(zip(ordinary.tolist(), rows, strict=True))
    return [PromptRecord(**found[number]) if number in found else None for number in range(len(lines))]


def one_by_one(lines):
    found = []
    for each in lines:
        try:
            found += FORMAT.parse_line(each)
        except Skip as skip:
            found.append(skip.reason)
    return found


def agrees(lines):
    """Say whether what is read in a block is what each line gives; at least of one line."""
    pairs = list(zip(in_a_block(lines), one_by_one(lines), strict=True))
    assert any(found for found, _ in pairs)
    return all(found is None or found == slow for found, slow in pairs)


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_payload_is_read_in_a_block(name):
    lines = lines_of({}, ORDINARY[name], {"id": "last"})
    assert in_a_block(lines) == one_by_one(lines)


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_payload_is_left_to_the_slow_way(name):
    first, unusual, last = in_a_block(lines_of({}, UNUSUAL[name], {}))
    assert unusual is None
    assert first == last is not None


PAYLOAD = lines_of({})[0]
BAD = {
    "messages twice": PAYLOAD.replace(b'"messages":', b'"messages": [], "messages":'),
    "an id twice": PAYLOAD.replace(b'"id":', b'"id": "x", "id":', 1),
    "a user twice": PAYLOAD.replace(USER, USER + b' "v", ' + USER),
    "a time twice": PAYLOAD.replace(b'"startTime":', b'"startTime": 1, "startTime":'),
    "metadata twice": PAYLOAD.replace(b'"metadata":', b'"metadata": {}, "metadata":'),
    "a content twice": PAYLOAD.replace(b'"content":', b'"content": "x", "content":', 1),
    "twice what is not read": PAYLOAD.replace(b'"response": {', b'"response": {"a": {"bc": 1, "bc": 1}, '),
    "twice, once escaped": PAYLOAD.replace(b'"response": {', b'"response": {"b_c": 1, "b\\u005fc": 1, '),
    "a role twice": PAYLOAD.replace(b'"role":', b'"role": "tool", "role":', 1),
    "an escaped name": PAYLOAD.replace(b'"id":', b'"\\u0069d":', 1),
    "an escaped mark": PAYLOAD.replace(b"Solve", b"\\u006citellm"),
    "an escaped role": PAYLOAD.replace(b'"user"', b'"\\u0075ser"'),
    "a type twice": PAYLOAD.replace(b'"Solve: 2+2"', b'[{"type": "x", "type": "text", "text": "x"}]'),
    "an empty part": PAYLOAD.replace(b'"Solve: 2+2"', b"[{}]"),
    "a comma after parts": PAYLOAD.replace(b'"Solve: 2+2"', b'[{"type": "text", "text": "x"},]'),
    "no UTF-8": PAYLOAD.replace(b"Solve", b"\xff"),
    "UTF-8 cut": PAYLOAD.replace(b"Solve", b"\xf0\x9f\x98"),
    "an overlong character": PAYLOAD.replace(b"Solve", b"\xc0\xaf"),
    "a surrogate in UTF-8": PAYLOAD.replace(b"Solve", b"\xed\xa0\x80"),
    "beyond Unicode": PAYLOAD.replace(b"Solve", b"\xf4\x90\x80\x80"),
    "a high surrogate": PAYLOAD.replace(b"Solve", b"\\ud800"),
    "a low surrogate": PAYLOAD.replace(b"Solve", b"\\udc00"),
    "two high surrogates": PAYLOAD.replace(b"Solve", b"\\ud800\\ud800"),
    "no escape": PAYLOAD.replace(b"Solve", b"\\x41"),
    "an escape cut": PAYLOAD.replace(b"Solve", b"\\u00"),
    "a control character": PAYLOAD.replace(b"Solve", b"So\tlve"),
    "a large number": PAYLOAD.replace(b"4096", b"9" * 19),
    "a number beyond all": PAYLOAD.replace(b"4096", b"1e999"),
    "no number": PAYLOAD.replace(b"4096", b"NaN"),
    "a leading zero": PAYLOAD.replace(b"4096", b"04096"),
    "half a number": PAYLOAD.replace(b"4096", b"4096."),
    "half a word": PAYLOAD.replace(b"4096", b"tru"),
    "a trailing comma": PAYLOAD.replace(b"4096", b"4096,"),
    "no colon": PAYLOAD.replace(b'"id":', b'"id"', 1),
    "deep": PAYLOAD.replace(b"4096", b"[" * 40 + b"]" * 40),
    "unclosed": PAYLOAD.replace(b"4096", b"[4096"),
    "wrongly closed": PAYLOAD.replace(b"4096", b"[4096}"),
    "two on a line": PAYLOAD + b" {}",
    "cut": PAYLOAD[:-20],
    "no member": b"{}",
    "no object": b"[1]",
    "blank": b"",
}


def test_members_of_one_name_in_several_objects_are_ordinary():
    inside = b'"response": {"messages": [{"id": 1}, {"id": 1, "a": {"id": 1}, "b": {"id": 1}}], "id": 1, '
    within = PAYLOAD.replace(b'"response": {', inside)
    elsewhere = PAYLOAD.replace(b'"id":', USER + b' "v", "id":', 1)
    assert within != PAYLOAD != elsewhere
    assert in_a_block([within, elsewhere]) == one_by_one([PAYLOAD, PAYLOAD])


@pytest.mark.parametrize("name", [name for name in BAD if "twice" in name])
def test_two_members_of_one_name_are_quarantined(name):
    assert one_by_one([BAD[name]]) == [Reason.DUPLICATE_KEY]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_left_to_the_slow_way(name):
    assert BAD[name] != PAYLOAD
    first, bad, last = in_a_block([PAYLOAD, BAD[name], PAYLOAD])
    assert bad is None
    assert first == last is not None


def test_every_cut_of_a_payload_is_left_to_the_slow_way():
    cuts = [PAYLOAD[:end] for end in range(len(PAYLOAD))]
    assert in_a_block([*cuts, PAYLOAD])[:-1] == [None] * len(PAYLOAD)


@pytest.mark.parametrize(
    "escape", ["\\u00e9", "\\u2028", "\\ud83d\\ude00", '\\"', "\\\\", "\\/", "\\b\\f\\n\\r\\t", "\\u0000"]
)
def test_escapes_are_decoded(escape):
    lines = [PAYLOAD.replace(b"Solve", escape.encode() * count) for count in range(20)]
    assert in_a_block(lines) == one_by_one(lines)


@pytest.mark.parametrize("space", [b"", b" ", b"\t\r "])
def test_white_space_says_nothing(space):
    line = (
        space
        + PAYLOAD.replace(b'": ', b'"' + space + b":" + space).replace(b', "', b"," + space + b'"')
        + space
    )
    assert in_a_block([line]) == one_by_one([PAYLOAD])


@pytest.mark.parametrize("unusual", [*UNUSUAL.values(), b"{bad}\n", b"\n", b'{"hello": 1}\n', b"{} {}\n"])
def test_a_log_is_read_the_same_in_blocks_and_line_by_line(tmp_path, monkeypatch, unusual):
    monkeypatch.setattr(parsing, "LONG", 0)
    lines = [line(litellm(id=f"r{i}")) for i in range(200)]
    for place in (0, 77, 78, 199):
        lines[place] = line(litellm(**unusual)) if isinstance(unusual, dict) else unusual
    path = log(tmp_path, line(litellm()), *lines, b"{torn")
    in_blocks = records(path)
    monkeypatch.setattr(LiteLLM, "reads_blocks", False)
    assert in_blocks == records(path)
    assert len(in_blocks) >= 197


TEXT = st.sampled_from(["", "u", "user_0a_account__session_x"])
KEY = st.sampled_from(["role", "content", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner),
    max_leaves=6,
)
CONTENT = JSON | st.sampled_from([PARTS, PARTS[:1]])
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "system", "assistant", "tool"]),
        "content": JSON | st.sampled_from([PARTS, PARTS[:1]]),
    }
)
PIECES = [
    b'"',
    b"\\",
    b"\\u",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"-",
    b"e9",
    b".5",
    b"null",
    b"\xe2\x80\xa8",
    b"\\ud83d",
]
CHANGES = st.dictionaries(st.sampled_from([*litellm(), *metadata()]), JSON, max_size=3)


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.lists(MESSAGE, max_size=4) | JSON)
def test_whatever_is_read_in_a_block_is_what_a_line_gives(changes, messages):
    inside = {name: value for name, value in changes.items() if name in metadata()}
    entry = litellm(messages=messages, metadata=metadata(**inside)) | {
        name: value for name, value in changes.items() if name not in inside
    }
    for ascii in (True, False):
        assert agrees([json.dumps(entry, ensure_ascii=ascii).encode(), PAYLOAD])


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_is_done_to_the_bytes_of_a_line_a_block_reads_it_as_a_line_is(data):
    """Bytes are replaced by such as mean something in JSON, or by any."""
    line = bytearray(json.dumps(litellm(**data.draw(st.sampled_from(list(ORDINARY.values()))))).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        piece = data.draw(st.sampled_from(PIECES) | st.binary(max_size=3))
        line[at : at + data.draw(st.integers(0, 8))] = piece.replace(b"\n", b"")
    assert agrees([bytes(line), PAYLOAD])


def test_a_kernel_writes_to_no_memory_but_its_own():
    """Room that Numba let go of too early was given to other threads, who then saw it change."""
    code = """
from threading import Thread
import numpy as np
from promptlog.blocks.payloads import walk

line = b'{"request_id":"r","startTime":"2026-01-01","messages":[{"role":"user","content":"hello"}]}\\n'
data = np.frombuffer(200_000 * line + bytes(8), np.uint8)
last = np.flatnonzero(data == 10)
first = last - (len(line) - 1)
walk(data, first[:1], last[:1])
thread, looked, changed = Thread(target=walk, args=(data, first, last)), 0, 0
thread.start()
while thread.is_alive():
    held = [np.full(size, 7, np.uint64) for size in (1000, 60, 150) * 20]
    looked += 1
    changed += sum(bool((each != 7).any()) for each in held)
print(looked > 3, changed)
"""
    shared = os.environ | {"MALLOC_ARENA_MAX": "1"}  # one heap for all threads
    assert subprocess.check_output([sys.executable, "-c", code], text=True, env=shared) == "True 0\n"
