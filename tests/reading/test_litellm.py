import pytest
from logsamples import START, line, litellm, metadata

from promptlog import PromptRecord, Reason, read
from promptlog.formats.litellm import LiteLLM
from promptlog.reasons import Skip

FORMAT = LiteLLM()


def parse(**changes):
    """Parse by both ways, fast and strict, which must agree."""
    entry = litellm(**changes)
    [slow] = FORMAT.parse(entry)
    assert FORMAT.parse_line(line(entry)) == [slow]
    return slow


def reason(**changes):
    entry = litellm(**changes)
    reasons = set()
    for way, given in ((FORMAT.parse, entry), (FORMAT.parse_line, line(entry))):
        with pytest.raises(Skip) as caught:
            way(given)
        reasons.add(caught.value.reason)
    [found] = reasons
    return found


def test_every_field_of_a_payload():
    assert parse() == PromptRecord(
        request_id="chatcmpl-1",
        account="u_17",
        account_field="metadata.user_api_key_user_id",
        time_us=1_776_816_003_120_000,
        model="m-large",
        ip="192.0.2.7",
        user_agent="OpenAI/Python 1.99",
        organisation="team-9",
        session="trace-1",
        system="Be brief.",
        tools="",
        first_user="Solve: 2+2",
        last_user="",
        user_turns=1,
        truncated=False,
    )


@pytest.mark.parametrize(
    ("keys", "end_user", "account", "field"),
    [
        ({}, "c", "u_17", "metadata.user_api_key_user_id"),
        ({"user_api_key_user_id": 17}, "c", "17", "metadata.user_api_key_user_id"),
        ({"user_api_key_user_id": 2**70}, "c", str(2**70), "metadata.user_api_key_user_id"),
        ({"user_api_key_user_id": None}, "c", "c", "end_user"),
        ({"user_api_key_user_id": ""}, None, "team-9", "metadata.user_api_key_team_id"),
        (
            {"user_api_key_user_id": "", "user_api_key_user_email": "a@b"},
            "",
            "a@b",
            "metadata.user_api_key_user_email",
        ),
        ({"user_api_key_user_id": "", "user_api_key_team_id": ""}, "", "ab12", "metadata.user_api_key_hash"),
    ],
)
def test_the_most_specific_account_wins_and_is_named(keys, end_user, account, field):
    record = parse(metadata=metadata(**keys), end_user=end_user)
    assert (record.account, record.account_field) == (account, field)


def test_a_payload_without_keys_has_no_account():
    for absent in ({}, None):
        record = parse(metadata=absent, end_user="")
        assert (record.account, record.account_field) == ("", "")


def test_ids_that_claude_code_packs_are_split():
    packed = f"user_{'0a' * 32}_account_11-22_session_33-44"
    record = parse(metadata=metadata(user_api_key_user_id=None), end_user=packed)
    assert (record.account, record.account_field, record.session) == ("11-22", "end_user#account", "33-44")


def test_an_organisation_wins_over_a_team():
    assert parse(metadata=metadata(user_api_key_org_id="org-1")).organisation == "org-1"


def test_tools_are_in_the_model_parameters():
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert parse(model_parameters={"tools": tools}).tools == '[{"function":{"name":"f"},"type":"function"}]'


@pytest.mark.parametrize(
    ("messages", "first"),
    [
        ("Solve", "Solve"),
        ('[{"role": "user", "content": "Solve"}]', "Solve"),
        ({"messages": [{"role": "user", "content": "Solve"}]}, "Solve"),
        ({"role": "user", "content": "Solve"}, "Solve"),
        ("[Solve] this", "[Solve] this"),
        ([{"role": "user", "content": "NUL \0 stays"}], "NUL \0 stays"),
        ({}, ""),
        (None, ""),
        ("", ""),
        ([], ""),
    ],
)
def test_messages_are_logged_in_several_ways(messages, first):
    assert parse(messages=messages).first_user == first


def test_redacted_content_is_no_prompt():
    redacted = [{"role": "user", "content": "redacted-by-litellm"}]
    record = parse(messages=redacted)
    assert (record.system, record.first_user, record.last_user, record.user_turns) == ("", "", "", 1)
    assert "redacted" in FORMAT.remark(litellm(messages=redacted))
    assert FORMAT.remark(litellm(messages={})) == "messages are not logged"
    assert FORMAT.remark(litellm()) == ""


def test_a_user_who_writes_the_mark_of_redaction_hides_nothing_else():
    turns = [{"role": "user", "content": text} for text in ("redacted-by-litellm", "Solve")]
    record = parse(messages=turns)
    assert (record.first_user, record.last_user, record.user_turns) == ("", "Solve", 2)


@pytest.mark.parametrize(
    "text",
    [
        "head...truncated by litellm, this logger does not support large content",
        "head... (litellm_truncated skipped 900 chars. note) ...tail",
    ],
)
def test_a_cut_prompt_is_marked(text):
    assert parse(messages=[{"role": "user", "content": text}]).truncated
    assert not parse(messages=[{"role": "user", "content": "what is litellm"}]).truncated


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"metadata": {"user_api_key_user_id": ["u"]}}, Reason.BAD_ACCOUNT),
        ({"metadata": {}, "end_user": {"id": 1}}, Reason.BAD_ACCOUNT),
        ({"metadata": []}, Reason.BAD_FIELD),
        ({"id": []}, Reason.BAD_FIELD),
        ({"messages": 5}, Reason.BAD_FIELD),
        ({"messages": [5]}, Reason.BAD_FIELD),
        ({"messages": [{"role": "user", "content": 5}]}, Reason.BAD_FIELD),
        ({"messages": '[{"role": "user", "role": "user"}]'}, Reason.DUPLICATE_KEY),
        ({"messages": '["\\ud800"]'}, Reason.LONE_SURROGATE),
        ({"startTime": -START}, Reason.BAD_TIME),
        ({"startTime": 10**18}, Reason.BAD_TIME),
        ({"startTime": "soon"}, Reason.BAD_TIME),
        ({"startTime": []}, Reason.BAD_TIME),
    ],
)
def test_bad_fields_have_their_reasons(changes, expected):
    assert reason(**changes) is expected


def test_another_format_is_recognised_as_such():
    spend_log = {"request_id": "r", "call_type": "acompletion", "startTime": "2026-01-01", "messages": "{}"}
    for entry in ({}, [], 5, None, "x", {"messages": []}, spend_log):
        assert FORMAT.recognises(entry) == 0
        with pytest.raises(Skip) as caught:
            FORMAT.parse_line(line(entry))
        assert caught.value.reason is Reason.UNKNOWN_SHAPE


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b'"messages":', b'"messages": [], "messages":', Reason.DUPLICATE_KEY),
        (
            b'"user_api_key_user_id":',
            b'"user_api_key_user_id": "x", "user_api_key_user_id":',
            Reason.DUPLICATE_KEY,
        ),
        (b'"u_17"', b"NaN", Reason.BAD_NUMBER),
        (b'"u_17"', b"9" * 5000, Reason.BAD_NUMBER),
        (b'"u_17"', b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
        (b"4096", b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
        (b"Solve", b"\\ud800", Reason.LONE_SURROGATE),
        (b"Solve", b"\xff", Reason.NOT_UTF8),
        (b'"content": "4"', b'"content": "\xff"', Reason.NOT_UTF8),
        (b"4096", b"NaN", Reason.BAD_NUMBER),
        (b"1.5", b"", None),
    ],
)
def test_the_fast_way_refuses_hostile_bytes(old, new, expected):
    data = line(litellm()).replace(old, new, 1)
    if expected is None:
        assert FORMAT.parse_line(data)
        return
    with pytest.raises(Skip) as caught:
        FORMAT.parse_line(data)
    assert caught.value.reason is expected


def test_a_quoted_payload_inside_a_prompt_is_no_duplicate_key():
    quoted = line(litellm()).decode()
    assert parse(messages=[{"role": "user", "content": quoted}]).first_user == quoted


@pytest.mark.parametrize("lost", ["call_type", "startTime", "model_map_information"])
def test_a_trimmed_payload_keeps_its_account(lost, tmp_path):
    """Exports drop members; the proxy's own metadata still says whose request it is."""
    entry = litellm()
    del entry[lost]
    log = tmp_path / "log.jsonl"
    log.write_bytes(line(entry) + b"\n")
    (batch,) = read(log)
    assert batch.records.column("account").to_pylist() == ["u_17"]
    assert batch.skipped == ()


def test_a_named_format_is_not_left_for_another(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(line({"model": "m", "messages": [{"role": "user", "content": "hi"}]}) + b"\n")
    (batch,) = read(log, format="litellm")
    assert batch.records.num_rows == 0
    assert [skipped.reason for skipped in batch.skipped] == [Reason.UNKNOWN_SHAPE]
