import pytest
from logsamples import line, log, records

from promptlog import formats

OPENAI = {"model": "m-1", "safety_identifier": "u_17", "messages": [{"role": "user", "content": "Solve"}]}
ANTHROPIC = {
    "model": "c-1",
    "metadata": {"user_id": "u_18"},
    "system": "S",
    "messages": [{"role": "user", "content": "Grade"}],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
}


@pytest.mark.parametrize(
    ("fields", "account", "field"),
    [
        ({"safety_identifier": "a", "user": "b"}, "a", "safety_identifier"),
        ({"safety_identifier": None, "user": "b"}, "b", "user"),
        ({"safety_identifier": "", "metadata": {"user_id": 7}}, "7", "metadata.user_id"),
        ({"safety_identifier": None, "prompt_cache_key": "k"}, "k", "prompt_cache_key"),
        ({"safety_identifier": None}, "", ""),
    ],
)
def test_accounts_of_openai_bodies(fields, account, field):
    [record] = formats.by_name("openai-chat").parse(OPENAI | fields)
    assert (record.account, record.account_field) == (account, field)


@pytest.mark.parametrize(
    ("user_id", "account", "field", "session"),
    [
        ("u_18", "u_18", "metadata.user_id", ""),
        ("user_0a1b_account_11-22_session_33", "11-22", "metadata.user_id#account", "33"),
        ("user_0a1b_account__session_33", "0a1b", "metadata.user_id#device", "33"),
        (
            '{"device_id": "d", "account_uuid": "a", "session_id": "s"}',
            "a",
            "metadata.user_id#account",
            "s",
        ),
        (
            '{"device_id": "d", "account_uuid": "", "session_id": "s"}',
            "d",
            "metadata.user_id#device",
            "s",
        ),
        ("{not json session_id", "{not json session_id", "metadata.user_id", ""),
        ("user_of_ours", "user_of_ours", "metadata.user_id", ""),
    ],
)
def test_accounts_of_anthropic_bodies(user_id, account, field, session):
    [record] = formats.by_name("anthropic").parse(ANTHROPIC | {"metadata": {"user_id": user_id}})
    assert (record.account, record.account_field, record.session) == (account, field, session)


def test_one_log_may_hold_both(tmp_path):
    rows = records(log(tmp_path, line(OPENAI), line(ANTHROPIC), line(OPENAI)))
    assert [row["account"] for row in rows] == ["u_17", "u_18", "u_17"]
    assert [row["system"] for row in rows] == ["", "S", ""]
    assert [row["time_us"] for row in rows] == [None] * 3
