import base64
import hashlib
import json

import pytest

from promptlog import Reason, bodies
from promptlog.bodies import anthropic, openai_chat
from promptlog.bodies.content import text_of
from promptlog.bodies.prompt import Prompt
from promptlog.reasons import Skip

PIXEL = b"\x89PNG pixel"
PIXEL_TEXT = base64.b64encode(PIXEL).decode()
PLACEHOLDER = f"[image sha256:{hashlib.sha256(PIXEL).hexdigest()} image/png]"


def said(*turns):
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def test_history_is_no_part_of_the_prompt():
    body = said(
        ("system", "S"),
        ("user", "one"),
        ("assistant", "1"),
        ("user", "two"),
        ("assistant", "2"),
        ("user", "three"),
    )
    assert openai_chat.prompt(body) == Prompt("S", "", "one", "three", 3)


def test_one_user_turn_is_the_first_and_not_the_last():
    assert openai_chat.prompt(said(("user", "one"))) == Prompt("", "", "one", "", 1)


def test_system_and_developer_messages_are_the_system_prompt():
    assert openai_chat.prompt(said(("system", "A"), ("developer", "B"), ("user", "u"))).system == "A\n\nB"


def test_a_body_without_user_turns_has_none():
    assert openai_chat.prompt(said(("system", "S"), ("assistant", "a"))) == Prompt("S", "", "", "", 0)


def test_text_parts_are_joined_and_pictures_are_named_by_their_bytes():
    parts = [
        {"type": "text", "text": "Solve:"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL_TEXT}"}},
        {"type": "text", "text": "now"},
    ]
    assert text_of(parts) == f"Solve:\n{PLACEHOLDER}\nnow"


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL_TEXT}"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL_TEXT}"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL_TEXT}},
    ],
)
def test_one_picture_is_one_placeholder_in_every_dialect(part):
    assert text_of([part]) == PLACEHOLDER


def test_other_media_have_placeholders_too():
    digest = hashlib.sha256(b"https://a.example/x.png").hexdigest()
    assert (
        text_of([{"type": "image_url", "image_url": {"url": "https://a.example/x.png"}}])
        == f"[image sha256:{digest}]"
    )
    assert text_of([{"type": "input_audio", "input_audio": {"data": PIXEL_TEXT, "format": "wav"}}]).endswith(
        " wav]"
    )
    assert text_of([{"type": "file", "file": {"file_id": "file-1"}}]).startswith("[file sha256:")
    assert text_of([{"type": "image_url"}]) == "[image]"


@pytest.mark.parametrize("content", [5, True, [5], [None], [{"type": []}], [{"type": "text", "text": 5}]])
def test_content_that_is_no_content_is_refused(content):
    with pytest.raises(Skip) as caught:
        text_of(content)
    assert caught.value.reason is Reason.BAD_FIELD


def test_no_content_is_no_text():
    assert text_of(None) == text_of([]) == text_of("") == ""


def test_results_of_tools_are_no_user_turns():
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "ok"}]}
    body = said(("user", "Grade it"), ("assistant", "…"), ("user", [result]))
    assert anthropic.prompt(body) == Prompt("", "", "Grade it", "", 1)
    body = said(("user", [result, {"type": "text", "text": "Go on"}]))
    assert anthropic.prompt(body) == Prompt("", "", "Go on", "", 1)
    body = said(("user", "ask"), ("tool", "42"))
    assert openai_chat.prompt(body) == Prompt("", "", "ask", "", 1)


@pytest.mark.parametrize("system", ["S", [{"type": "text", "text": "S"}]])
def test_the_system_prompt_of_anthropic_stands_beside_the_messages(system):
    assert anthropic.prompt({"system": system} | said(("user", "u"))).system == "S"


def test_tools_are_text_that_does_not_depend_on_the_order_of_keys():
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "big": 2**70}}}]
    turned = [{"function": {"parameters": {"big": 2**70, "type": "object"}, "name": "f"}, "type": "function"}]
    one, other = (openai_chat.prompt({"tools": each} | said(("user", "u"))).tools for each in (tools, turned))
    assert one == other
    assert json.loads(one) == tools


def test_old_functions_are_tools():
    assert openai_chat.prompt({"functions": [{"name": "f"}]} | said(("user", "u"))).tools == '[{"name":"f"}]'


@pytest.mark.parametrize(
    ("extra", "own"),
    [
        ({}, False),
        ({"model": "gpt-9"}, False),
        ({"model": "claude-9"}, True),
        ({"system": "S"}, True),
        ({"anthropic_version": "v"}, True),
        ({"tools": [{"name": "f", "input_schema": {}}]}, True),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, False),
        (said(("user", [{"type": "image", "source": {}}])), True),
        (said(("assistant", [{"type": "tool_use", "name": "f"}])), True),
        (said(("user", [{"type": "text", "text": "t"}])), False),
    ],
)
def test_the_marks_of_anthropic(extra, own):
    assert (bodies.dialect_of(said(("user", "u")) | extra) is anthropic) is own


@pytest.mark.parametrize(
    "body",
    [{}, {"messages": None}, {"messages": "{}"}, {"messages": []}, {"messages": [{}]}, {"messages": [5]}],
)
def test_what_is_no_conversation(body):
    assert bodies.dialect_of(body) is None
