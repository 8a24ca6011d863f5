import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlog import Reason, bodies
from promptlog.bodies import templated, torn
from promptlog.reasons import Skip

MESSAGES = [
    {"role": "system", "content": 'S "1"'},
    {"role": "user", "content": "Gr\u00f6\u00dfe \\ \n \N{GRINNING FACE} ?"},
]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_whatever_of_a_body_was_kept_is_read(ascii_only):
    text = json.dumps(MESSAGES, ensure_ascii=ascii_only)
    whole = bodies.read(text)
    assert whole.prompt.first_user == MESSAGES[1]["content"]
    assert not whole.truncated
    for end in range(40, len(text)):
        request = bodies.read(text[:end])
        assert request.truncated
        assert MESSAGES[0]["content"].startswith(request.prompt.system)
        assert MESSAGES[1]["content"].startswith(request.prompt.first_user)


@pytest.mark.parametrize(
    "text",
    [
        "[Solve] this",
        "{slot} is free",
        '{"a": 1} is what I got',
        "[[link]] and more",
        '["a"] b',
        '{"a": ]',
        "{",
    ],
)
def test_text_that_only_begins_like_json_is_text(text):
    assert torn.complete(text) is None
    assert bodies.read(text).prompt.first_user == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": "\\ud800", "b": "c', Reason.LONE_SURROGATE),
        ('[{"a":' * 300, Reason.TOO_DEEP),
        ('{"a": 1, "a": 2, "b": "', Reason.DUPLICATE_KEY),
    ],
)
def test_a_cut_body_is_as_hostile_as_a_whole_one(text, reason):
    with pytest.raises(Skip) as caught:
        torn.complete(text)
    assert caught.value.reason is reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), JSON, min_size=1), min_size=1), st.data())
def test_a_cut_text_gives_a_value_or_nothing(value, data):
    text = json.dumps(value)
    end = data.draw(st.integers(0, len(text) - 1))
    found = torn.complete(text[:end])
    assert found is None or isinstance(found, list)


@pytest.mark.parametrize(
    ("text", "system", "first", "last", "turns"),
    [
        ("<|im_start|>user\nA<|im_end|>\n<|im_start|>user\nB", "", "A", "B", 2),
        ("<bos><start_of_turn>user\nA<end_of_turn>\n<start_of_turn>model\n", "", "A", "", 1),
        ("<s>[INST] A [/INST] yes </s>[INST] B [/INST]", "", "A", "B", 2),
        ("<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>", "S", "", "", 0),
        ("no template", "", "no template", "", 1),
        ("", "", "", "", 0),
    ],
)
def test_chat_templates_are_taken_apart(text, system, first, last, turns):
    found = templated.prompt(text)
    assert (found.system, found.first_user, found.last_user, found.user_turns) == (system, first, last, turns)


@pytest.mark.parametrize(
    ("logged", "first", "remark"),
    [
        (None, "", "not logged"),
        ({}, "", "not logged"),
        ("[]", "", "not logged"),
        ({"query": "x"}, "", "no known dialect"),
        ({"role": "user", "content": "A"}, "A", ""),
        ([[{"type": "human", "content": "A"}]], "A", ""),
        ({"input": "A", "model": "text-embedding-9"}, "", "no known dialect"),
        ({"input": "A", "encoding_format": "float"}, "", "no known dialect"),
        ({"contents": {"parts": {"text": "A"}}}, "A", ""),
    ],
)
def test_what_loggers_keep_of_a_body(logged, first, remark):
    request = bodies.read(logged)
    assert request.prompt.first_user == first
    assert remark in request.remark
    assert bool(remark) == bool(request.remark)


@pytest.mark.parametrize(
    "logged", [5, True, [5], [{"role": "user", "content": 5}], {"contents": [{"parts": 5}]}]
)
def test_what_is_no_body_is_refused(logged):
    with pytest.raises(Skip) as caught:
        bodies.read(logged)
    assert caught.value.reason is Reason.BAD_FIELD
