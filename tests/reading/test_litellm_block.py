"""A block read at once gives what its lines give one by one, or nothing at all."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logsamples import START, line, litellm, log, metadata, records

from promptlog.formats.litellm import LiteLLM
from promptlog.reasons import Skip
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
            {"role": "system", "content": "Be kind."},
            *({"role": role, "content": f"{role} {i}"} for i in range(3) for role in ("user", "assistant")),
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]},
            {"role": "tool", "content": [{"type": "text", "text": "4"}]},
        ]
    },
    "parts": {"messages": [{"role": "user", "content": PARTS}, {"role": "user", "content": "x"}]},
    "no messages": {"messages": []},
    "a packed account": {"metadata": metadata(user_api_key_user_id="user_0a_account_11-22_session_33-44")},
    "an address of the proxy": {
        "requester_ip_address": None,
        "metadata": metadata(requester_ip_address="192.0.2.9"),
    },
    "an integer time": {"startTime": 1776816003},
    "members missing": {"trace_id": None, "user_agent": None, "model_parameters": None, "model": None},
}
UNUSUAL = {
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
    """Return the records of a block; None where it is left to the slow way."""
    block = b"\n".join(lines)
    columns = FORMAT.parse_block(block, len(lines))
    if columns is None or any(block.count(name) > len(lines) for name in FORMAT.deciding):
        return None
    offsets = np.arange(len(lines))
    names = PromptRecord._fields
    return [PromptRecord(**row) for row in batch_of(columns, offsets, 0).select(names).to_pylist()]


def one_by_one(lines):
    found = []
    for each in lines:
        try:
            found += FORMAT.parse_line(each)
        except Skip as skip:
            found.append(skip.reason)
    return found


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_payload_is_read_in_a_block(name):
    lines = lines_of({}, ORDINARY[name], {"id": "last"})
    assert in_a_block(lines) == one_by_one(lines)


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_payload_is_left_to_the_slow_way(name):
    assert in_a_block(lines_of({}, UNUSUAL[name])) is None


@pytest.mark.parametrize(
    "bad",
    [
        lines_of({})[0].replace(b'"messages":', b'"messages": [], "messages":'),
        lines_of({})[0].replace(
            b'"user_api_key_user_id":', b'"user_api_key_user_id": "v", "user_api_key_user_id":'
        ),
        lines_of({})[0].replace(b"Solve", b"\xff"),
        lines_of({})[0].replace(b"Solve", b"\\ud800"),
        lines_of({})[0] + b" {}",
        lines_of({})[0][:-20],
        b"{}",
        b"",
    ],
)
def test_a_bad_line_makes_a_block_go_the_slow_way(bad):
    assert in_a_block([*lines_of({}), bad]) is None


@pytest.mark.parametrize("unusual", [*UNUSUAL.values(), b"{bad}\n", b"\n", b'{"hello": 1}\n', b"{} {}\n"])
def test_a_log_is_read_the_same_in_blocks_and_line_by_line(tmp_path, monkeypatch, unusual):
    lines = [line(litellm(id=f"r{i}")) for i in range(200)]
    for place in (0, 77, 78, 199):
        lines[place] = line(litellm(**unusual)) if isinstance(unusual, dict) else unusual
    path = log(tmp_path, line(litellm()), *lines)
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
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system", "assistant", "tool"]), "content": JSON | st.just(PARTS)}
)
CHANGES = st.dictionaries(st.sampled_from([*litellm(), *metadata()]), JSON, max_size=3)


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.lists(MESSAGE, max_size=4) | JSON)
def test_whatever_is_read_in_a_block_is_what_a_line_gives(changes, messages):
    inside = {name: value for name, value in changes.items() if name in metadata()}
    entry = litellm(messages=messages, metadata=metadata(**inside)) | {
        name: value for name, value in changes.items() if name not in inside
    }
    lines = [json.dumps(entry).encode(), *lines_of({})]
    found = in_a_block(lines)
    assert found is None or found == one_by_one(lines)
