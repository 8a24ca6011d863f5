import gzip
from dataclasses import asdict

import pytest
from logsamples import line, litellm, log, metadata

from promptlog import LogError, describe

GOOD = line(litellm())


def test_a_log_in_order(tmp_path):
    path = log(tmp_path, gzip.compress(GOOD * 3))
    assert asdict(describe(path, 1)) == {
        "path": str(path),
        "format": "litellm",
        "container": "gzip",
        "confidence": 1.0,
        "prompt_share": 1.0,
        "problems": [],
        "records": [
            {
                "request_id": "chatcmpl-1",
                "account": "u_17",
                "account_field": "metadata.user_api_key_user_id",
                "timestamp": "2026-04-22T00:00:03.120Z",
                "organisation": "team-9",
                "session": "trace-1",
                "model": "m-large",
                "ip": "192.0.2.7",
                "user_agent": "OpenAI/Python 1.99",
                "system": "Be brief.",
                "first_user": "Solve: 2+2",
                "last_user": "",
                "tools": [],
                "truncated": False,
                "redacted": False,
                "offset": 0,
            }
        ],
    }


def test_problems_are_told_in_words(tmp_path):
    redacted = litellm(messages=[{"role": "user", "content": "redacted-by-litellm"}])
    cut = litellm(messages="x (litellm_truncated skipped 9 chars) y", requester_ip_address=None)
    team = litellm(metadata=metadata(user_api_key_user_id=None), end_user="")
    nobody = litellm(metadata={}, end_user=None, startTime=None)
    path = log(tmp_path, *map(line, (redacted, cut, team, nobody)), b"{bad\n", GOOD[:50])
    found = describe(path)
    assert found.prompt_share == 0.75
    assert found.records == []
    assert found.problems == [
        "messages are redacted by LiteLLM (turn_off_message_logging): 1 of the first 4 lines",
        "no account in 1 of 4 records",
        "no time in 1 of 4 records",
        "no IP address in 1 of 4 records",
        "prompt cut by the logger in 1 of 4 records",
        "accounts come from several fields: metadata.user_api_key_user_id (2), "
        "metadata.user_api_key_team_id (1)",
        f"not JSON: 1 skipped, the first at byte {path.read_bytes().index(b'{bad')}",
        f"torn last line: 1 skipped, the first at byte {path.stat().st_size - 50}",
    ]


def test_a_record_says_whether_its_texts_were_taken_out(tmp_path):
    redacted = litellm(messages=[{"role": "user", "content": "redacted-by-litellm"}])
    found = describe(log(tmp_path, line(redacted), GOOD, line(litellm(messages=[]))), 3).records
    assert [record["redacted"] for record in found] == [True, False, False]
    assert [record["offset"] for record in found] == [0, len(line(redacted)), len(line(redacted)) + len(GOOD)]


@pytest.mark.parametrize(
    ("time", "local"),
    [
        ("2026-04-22 00:00:03.120", True),
        ("2026-04-22T00:00:03Z", False),
        ("2026-04-22 02:00:03 UTC", False),
        (1776816003, False),
    ],
)
def test_a_time_without_a_zone_is_said(tmp_path, time, local):
    found = describe(log(tmp_path, line(litellm(startTime=time, note="2026-04-22")) * 2))
    assert found.problems == ["time without a zone, taken for UTC: 2 of the first 2 lines"] * local


def test_an_unknown_format_is_described_with_what_to_do(tmp_path):
    found = describe(log(tmp_path, b'{"hello": 1}\n'), 5)
    assert (found.format, found.confidence, found.prompt_share, found.records) == ("unknown", 0.0, 0.0, [])
    assert "--map" in found.problems[0]


def test_an_empty_file_is_described(tmp_path):
    assert describe(log(tmp_path)).problems == ["is empty"]
    assert describe(log(tmp_path, b"\n\n")).problems == ["holds no lines"]


def test_a_mapping_can_be_tried_out(tmp_path):
    path = log(tmp_path, line({"who": "u", "ask": "Solve"}))
    found = describe(path, 1, mapping={"account": "who", "prompt": "ask"})
    assert (found.format, found.confidence, found.records[0]["first_user"]) == ("mapped", 1.0, "Solve")
    assert found.records[0]["timestamp"] is None


def test_tools_are_shown_by_name(tmp_path):
    tools = [{"type": "function", "function": {"name": "f"}}, {"name": "g"}, {"type": "bash_1"}, 5]
    path = log(tmp_path, line(litellm(model_parameters={"tools": tools})))
    [record] = describe(path, 1).records
    assert record["tools"] == ["f", "g", "bash_1"]


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(LogError):
        describe(tmp_path / "missing")
