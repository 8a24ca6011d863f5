import pytest
from logsamples import line, litellm, log, records, skipped

from promptlog import LogError, Reason
from promptlog.fields import at

ENTRY = {
    "meta": {"user": 17, "org": "o", "agent": "curl"},
    "time": "2026-01-01T00:00:00Z",
    "req": {"llm": "m-1", "text": "Solve", "sys": "S", "no": "r1"},
    "client.ip": "192.0.2.7",
}
MAPPING = {
    "account": "meta.user",
    "ts": "time",
    "model": "req.llm",
    "prompt": "req.text",
    "system": "req.sys",
    "ip": "client.ip",
    "user_agent": "meta.agent",
    "request_id": "req.no",
    "organisation": "meta.org",
}


def test_every_field_can_be_mapped(tmp_path):
    [row] = records(log(tmp_path, line(ENTRY)), mapping=MAPPING)
    del row["source"], row["offset"], row["tools"], row["session"], row["truncated"]
    assert row == {
        "request_id": "r1",
        "account": "17",
        "account_field": "meta.user",
        "time_us": 1_767_225_600_000_000,
        "model": "m-1",
        "ip": "192.0.2.7",
        "user_agent": "curl",
        "organisation": "o",
        "system": "S",
        "first_user": "Solve",
        "last_user": "",
        "user_turns": 1,
    }


def test_what_is_not_mapped_is_what_the_body_says(tmp_path):
    body = {"who": "u", "model": "m", "messages": [{"role": "user", "content": "Solve"}]}
    [row] = records(log(tmp_path, line(body)), mapping={"account": "who"})
    assert (row["account"], row["model"], row["first_user"]) == ("u", "m", "Solve")


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_may_lie_deeper_and_be_text(tmp_path, packed):
    body = {"model": "m", "system": "S", "messages": [{"role": "user", "content": "Solve"}]}
    entry = {"who": "u", "request": {"body": line(body).decode() if packed else body}}
    [row] = records(log(tmp_path, line(entry)), mapping={"account": "who", "body": "request.body"})
    assert (row["account"], row["system"], row["first_user"]) == ("u", "S", "Solve")


def test_messages_can_be_mapped(tmp_path):
    entry = {
        "chat": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
        "fns": [{"name": "f"}],
    }
    [row] = records(log(tmp_path, line(entry)), mapping={"messages": "chat", "tools": "fns"})
    assert (row["first_user"], row["last_user"], row["user_turns"]) == ("a", "b", 2)
    assert row["tools"] == '[{"name":"f"}]'


def test_a_mapping_replaces_a_field_of_a_known_log(tmp_path):
    for options in ({}, {"format": "litellm"}):
        [row] = records(log(tmp_path, line(litellm())), mapping={"account": "end_user"}, **options)
        assert (row["account"], row["account_field"]) == ("customer-5", "end_user")
        assert (row["first_user"], row["time_us"]) == ("Solve: 2+2", 1_776_816_003_120_000)


def test_a_mapped_account_that_is_absent_is_none_rather_than_another(tmp_path):
    [row] = records(log(tmp_path, line(litellm())), mapping={"account": "metadata.nobody"})
    assert (row["account"], row["account_field"]) == ("", "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"meta": {"user": ["u"]}}, Reason.BAD_ACCOUNT),
        ({"time": -5}, Reason.BAD_TIME),
        ({"req": {"text": 5}}, Reason.BAD_FIELD),
        ({"req": {"llm": []}}, Reason.BAD_FIELD),
    ],
)
def test_bad_fields_have_their_reasons(tmp_path, change, reason):
    [bad] = skipped(log(tmp_path, line(ENTRY | change)), mapping=MAPPING)
    assert bad.reason is reason


def test_an_entry_that_nothing_reads_is_skipped(tmp_path):
    path = log(tmp_path, line({"who": "u"}), line([1]))
    assert [bad.reason for bad in skipped(path, mapping={"account": "who"})] == [Reason.UNKNOWN_SHAPE] * 2


@pytest.mark.parametrize(("mapping", "word"), [({"acount": "x"}, "acount"), ({"account": ""}, "account")])
def test_a_mapping_that_cannot_be_meant_is_an_error(tmp_path, mapping, word):
    with pytest.raises(LogError, match=word):
        records(log(tmp_path, line(ENTRY)), mapping=mapping)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": [1, {"c": 2}]}),
        ("a.b.1.c", 2),
        ("a.b.9", None),
        ("a.b.x", None),
        ("d.e", 3),
        ("a.b.1.c.d", None),
        ("", None),
    ],
)
def test_dotted_paths(path, value):
    assert at({"a": {"b": [1, {"c": 2}]}, "d.e": 3}, path) == value
