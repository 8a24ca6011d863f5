"""Entries that hold several requests, and what stands around entries."""

import gzip
import json

import pytest
from logsamples import line, litellm, log, records, skipped

from promptlog import LogError, Reason, accounts, formats
from promptlog.accounts import Level
from promptlog.formats.enveloped import ENVELOPES

START = 1_767_225_600


def attribute(name, value):
    return {"key": name, "value": {"stringValue": value}}


def span(number, content, **attributes):
    said = json.dumps([{"role": "user", "parts": [{"type": "text", "content": content}]}])
    listed = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": said, **attributes}
    return {
        "traceId": "t",
        "spanId": str(number),
        "startTimeUnixNano": f"{START}000000000",
        "attributes": [attribute(name, value) for name, value in listed.items()],
    }


def spans(*listed):
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(listed)}]}]}


def test_one_bad_span_does_not_hide_the_others(tmp_path):
    bad = span(2, "B") | {"startTimeUnixNano": "never"}
    path = log(tmp_path, line(spans(span(1, "A"), bad, span(3, "C"))))
    assert [row["first_user"] for row in records(path)] == ["A", "C"]
    assert [each.reason for each in skipped(path)] == [Reason.BAD_TIME]


def test_events_without_a_user_message_are_no_request(tmp_path):
    events = [
        {
            "traceId": "t",
            "spanId": number,
            "eventName": f"gen_ai.{role}.message",
            "body": {"stringValue": "A"},
        }
        for number, role in (("1", "system"), ("2", "system"), ("2", "user"))
    ]
    rows = records(log(tmp_path, line({"resourceLogs": [{"scopeLogs": [{"logRecords": events}]}]})))
    assert [(row["request_id"], row["system"], row["first_user"]) for row in rows] == [("t:2", "A", "A")]


def test_a_mapping_is_looked_up_in_each_span(tmp_path):
    path = log(tmp_path, line(spans(span(1, "A", **{"app.user": "u1"}), span(2, "B", **{"app.user": "u2"}))))
    rows = records(path, mapping={"account": "app.user"})
    assert [(row["account"], row["account_field"]) for row in rows] == [
        ("u1", "app.user"),
        ("u2", "app.user"),
    ]


def test_a_mapping_is_looked_up_in_an_envelope_too(tmp_path):
    path = log(tmp_path, line({"log": json.dumps(litellm()), "container": "gw-3"}))
    [row] = records(path, mapping={"account": "end_user", "session": "container"})
    assert (row["account"], row["session"], row["first_user"]) == ("customer-5", "gw-3", "Solve: 2+2")


def test_a_mapping_reaches_into_json_that_is_text(tmp_path):
    entry = {"request_id": "r", "call_type": "c", "spend": 0, "proxy_server_request": json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "A"}], "tag": "u9"})}  # fmt: skip
    [row] = records(log(tmp_path, line(entry)), mapping={"account": "proxy_server_request.tag"})
    assert (row["account"], row["first_user"]) == ("u9", "A")


def test_an_envelope_can_be_named(tmp_path):
    path = log(tmp_path, line({"log": json.dumps(litellm())}))
    [row] = records(path, format="docker/litellm")
    assert row["account"] == "u_17"
    with pytest.raises(LogError, match="no log format is called 'nothing'"):
        records(path, format="docker/nothing")


@pytest.mark.parametrize(
    "entry", [{"log": 5}, {"event": "x"}, {"message": None}, {"_source": []}, [], [[]], 5]
)
def test_an_envelope_of_nothing_is_no_format(entry):
    assert formats.of_entry(entry) is None


def test_an_envelopes_time_that_makes_no_sense_is_no_time(tmp_path):
    entry = {"log": json.dumps({"model": "m", "prompt": "A"}), "time": "soon"}
    [row] = records(log(tmp_path, line(entry)))
    assert (row["time_us"], row["first_user"]) == (None, "A")


def test_envelopes_deeper_than_any_pipeline_are_not_opened():
    entry = {"model": "m", "prompt": "A"}
    for _ in range(5):
        entry = {"log": entry}
    assert formats.of_entry(entry) is None
    assert {envelope.name for envelope in ENVELOPES}.isdisjoint(known.name for known in formats.FORMATS)


@pytest.mark.parametrize(
    ("said", "records_of_it", "reason"),
    [
        ("Received request a: prompt: 'x', params: S()", 1, None),
        ("Received request a: prompt: None, params: S()", 0, None),
        ("Received request a: params: S()", 0, None),
        ("Started engine", 0, None),
        ("Received request a: prompt: 'x", 0, Reason.BAD_FIELD),
        ("Received request a: prompt: '\\xzz', params: S()", 0, Reason.BAD_FIELD),
    ],
)
def test_lines_of_a_server(tmp_path, said, records_of_it, reason):
    prefix = b"INFO 05-12 10:00:00 [logger.py:39] "
    path = log(tmp_path, prefix + b"Started\n", prefix + said.encode() + b"\n", b"Traceback:\n")
    assert len(records(path)) == records_of_it
    assert [each.reason for each in skipped(path)] == [*filter(None, [reason]), Reason.NOT_JSON]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Team": "t", "User-ID": 7}, ("7", "tags.User-ID")),
        ({"org": "o", "team": "t"}, ("t", "tags.team")),
        ({"user": {"id": 1}}, ("", "")),
        ({"plan": "free"}, ("", "")),
        (None, ("", "")),
    ],
)
def test_tags_that_say_who_asked(tags, expected):
    found = accounts.best(accounts.in_tags(tags, "tags"))
    assert (found.name, found.field) == expected


def test_a_person_wins_over_a_team_and_a_team_over_a_key():
    candidates = [
        (Level.KEY, "key", "k"),
        (Level.TEAM, "team", "t"),
        (Level.PERSON, "user", ""),
        (Level.PERSON, "end", "e"),
    ]
    assert accounts.best(candidates).field == "end"
    assert accounts.best(candidates[:3]).field == "team"
    assert accounts.best([]).name == ""


def test_a_file_is_a_format_when_it_has_one():
    names = [known.name for known in formats.FORMATS]
    assert len(names) == len(set(names)) == 25
    assert {"otlp", "bedrock", "gemini", "vllm"} < set(names)


BODY = {"system": [{"text": "S"}], "messages": [{"role": "user", "content": [{"text": "A"}]}]}
KEY = "AWSLogs/4/BedrockModelInvocationLogs/x/2026/02/01/00/data/b-1_input.json.gz"


def referring(s3_path):
    return line(
        {"schemaType": "ModelInvocationLog", "requestId": "b-1", "input": {"inputBodyS3Path": s3_path}}
    )


@pytest.mark.parametrize("where", [f"copy/{KEY}", "copy/AWSLogs/4/data/b-1_input.json.gz", KEY])
def test_a_body_beside_a_bedrock_log_is_read_with_it(tmp_path, where):
    folder = tmp_path / "copy" / "AWSLogs" / "4"
    folder.mkdir(parents=True)
    (body := tmp_path / where).parent.mkdir(parents=True, exist_ok=True)
    body.write_bytes(gzip.compress(json.dumps(BODY).encode()))
    path = log(folder, referring(f"s3://bucket/{KEY}"))
    assert [(row["request_id"], row["first_user"]) for row in records(path)] == [("b-1", "A")]
    assert records(body) == []


@pytest.mark.parametrize("key", ["data/../../data/b_input.json", "secret.json", "data/secret.json", "", 5])
def test_a_log_cannot_name_other_files(tmp_path, key):
    for name in ("secret.json", "data/secret.json", "data/b_input.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(BODY))
    (folder := tmp_path / "logs").mkdir()
    [row] = records(log(folder, referring(f"s3://bucket/{key}" if isinstance(key, str) else key)))
    assert row["first_user"] == ""


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text(json.dumps(BODY))
    (folder := tmp_path / "logs" / "data").mkdir(parents=True)
    (folder / "b_input.json").symlink_to(tmp_path / "elsewhere")
    [row] = records(log(folder.parent, referring("s3://bucket/data/b_input.json")))
    assert row["first_user"] == ""
