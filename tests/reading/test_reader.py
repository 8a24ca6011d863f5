import gzip
import hashlib
import json

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from logsamples import line, litellm, log, metadata, records, skipped

import promptlog
from promptlog import SCHEMA, LogError, Reason, reader

GOOD = line(litellm())
BARE = line({"model": "m", "user": "u", "messages": [{"role": "user", "content": "Solve"}]})


def test_batches_have_the_schema_and_the_way_back(tmp_path):
    path = log(tmp_path, GOOD, b"\n", GOOD.replace(b"chatcmpl-1", b"chatcmpl-2"))
    [batch] = promptlog.read(path, source=7)
    assert batch.records.schema == SCHEMA
    batch.records.validate(full=True)
    assert SCHEMA.names[:-2] == list(promptlog.PromptRecord._fields)
    assert batch.records["request_id"].to_pylist() == ["chatcmpl-1", "chatcmpl-2"]
    assert batch.records["source"].to_pylist() == [7, 7]
    data = path.read_bytes()
    assert all(data[offset:].startswith(b'{"id"') for offset in batch.records["offset"].to_pylist())
    assert (batch.lines, batch.skipped, batch.end) == (2, (), len(data))


def test_batches_are_capped_by_rows_and_by_bytes(tmp_path, monkeypatch):
    path = log(tmp_path, *[GOOD] * 10)
    assert [batch.lines for batch in promptlog.read(path, batch_rows=4)] == [4, 4, 2]
    monkeypatch.setattr(reader, "BATCH_BYTES", 3 * len(GOOD) - 5)
    assert [batch.records.num_rows for batch in promptlog.read(path)] == [3, 3, 3, 1]


def test_skipped_lines_fill_batches_too(tmp_path):
    path = log(tmp_path, GOOD, *[b"{\n"] * 5)
    assert [(b.records.num_rows, len(b.skipped)) for b in promptlog.read(path, batch_rows=2)] == [
        (1, 1),
        (0, 2),
        (0, 2),
    ]


HOSTILE = {
    "lone surrogate": (GOOD.replace(b"Solve", b"\\ud800"), Reason.LONE_SURROGATE),
    "NaN": (GOOD.replace(b'"u_17"', b"NaN"), Reason.BAD_NUMBER),
    "1e999": (GOOD.replace(b"1776816003.12", b"1e999"), Reason.BAD_NUMBER),
    "duplicate key": (GOOD.replace(b'"messages"', b'"messages": 1, "messages"'), Reason.DUPLICATE_KEY),
    "nesting": (b"[" * 100_000 + b"\n", Reason.TOO_DEEP),
    "5,000 digits": (GOOD.replace(b'"u_17"', b"9" * 5000), Reason.BAD_NUMBER),
    "UTF-8": (GOOD.replace(b"Solve", b"\xc3("), Reason.NOT_UTF8),
    "account": (GOOD.replace(b'"u_17"', b'["u_17"]'), Reason.BAD_ACCOUNT),
    "10^18": (GOOD.replace(b"1776816003.12", b"1000000000000000000"), Reason.BAD_TIME),
    "negative time": (GOOD.replace(b"1776816003.12", b"-1776816003.12"), Reason.BAD_TIME),
    "other JSON": (b'{"hello": 1}\n', Reason.UNKNOWN_SHAPE),
    "no object": (b"[1, 2]\n", Reason.UNKNOWN_SHAPE),
    "no JSON": (b"Traceback (most recent call last):\n", Reason.NOT_JSON),
    "torn middle": (GOOD[:100] + b"\n", Reason.NOT_JSON),
    "torn end": (GOOD[:100], Reason.TORN),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_is_skipped_with_its_reason_and_hash(tmp_path, name):
    bad, reason = HOSTILE[name]
    path = log(tmp_path, GOOD, GOOD, bad)
    [batch] = promptlog.read(path)
    digest = hashlib.sha256(bad.removesuffix(b"\n")).hexdigest()
    assert batch.skipped == (promptlog.SkippedLine(str(path), 2 * len(GOOD), reason, digest),)
    assert (batch.records.num_rows, batch.lines) == (2, 3)


def test_unusual_lines_are_read_whole(tmp_path):
    text = "NUL \0, VT \v, CR \r, line separator \u2028, next line \x85, \N{GRINNING FACE}"
    entries = [litellm(id=2**70, messages=text), litellm(messages="")]
    data = b"\xef\xbb\xbf" + b"".join(line(entry).replace(b"\n", b"\r\n") for entry in entries)
    first, second = records(log(tmp_path, data))
    assert (first["request_id"], first["first_user"]) == (str(2**70), text)
    assert second["first_user"] == ""


def test_a_line_over_the_cap_is_skipped(tmp_path, monkeypatch):
    original = reader.open_log
    monkeypatch.setattr(reader, "open_log", lambda path, start: original(path, start=start, max_line=5000))
    path = log(tmp_path, GOOD, GOOD.replace(b"Solve", b"x" * 6000), GOOD)
    assert [bad.reason for bad in skipped(path)] == [Reason.TOO_LONG]
    assert len(records(path)) == 2


def test_a_request_without_an_id_is_named_after_its_line(tmp_path):
    unnamed = line(litellm(id=None))
    first, second, third = records(log(tmp_path, unnamed, unnamed, unnamed.replace(b"Solve", b"Prove")))
    assert first["request_id"] == second["request_id"] != third["request_id"]
    assert first["request_id"].startswith("line-")
    crlf = log(tmp_path, unnamed.replace(b"\n", b"\r\n"), name="crlf")
    assert records(crlf)[0]["request_id"] == first["request_id"]


def test_one_request_id_with_two_contents_is_kept_twice(tmp_path):
    rows = records(log(tmp_path, GOOD, GOOD.replace(b"Solve", b"Prove")))
    assert [row["first_user"] for row in rows] == ["Solve: 2+2", "Prove: 2+2"]


@pytest.mark.parametrize("lines", [[GOOD, BARE, GOOD], [BARE, GOOD, BARE], [BARE] * 3 + [GOOD]])
def test_formats_may_be_mixed_in_any_order(tmp_path, lines):
    rows = records(log(tmp_path, *lines))
    assert [row["account"] for row in rows] == ["u_17" if each is GOOD else "u" for each in lines]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_reading_resumes_at_the_end_of_any_batch(tmp_path, pack):
    lines = [line(litellm(id=f"r{i}")) if i % 3 else b'{"torn"\n' for i in range(20)]
    path = log(tmp_path, pack(b"".join(lines)))
    whole = list(promptlog.read(path, batch_rows=4))
    ids = [row for batch in whole for row in batch.records["request_id"].to_pylist()]
    for done, batch in enumerate(whole, start=1):
        rest = list(promptlog.read(path, start=batch.end))
        seen = sum(each.records.num_rows for each in whole[:done])
        assert [row for each in rest for row in each.records["request_id"].to_pylist()] == ids[seen:]
    assert list(promptlog.read(path, start=whole[-1].end)) == []


def test_a_torn_last_line_is_read_again_when_it_is_complete(tmp_path):
    second = line(litellm(id="r2"))
    path = log(tmp_path, GOOD, second[:50])
    [batch] = promptlog.read(path)
    assert (batch.end, batch.skipped[0].reason) == (len(GOOD), Reason.TORN)
    log(tmp_path, GOOD, second)
    [batch] = promptlog.read(path, start=batch.end)
    assert batch.records["request_id"].to_pylist() == ["r2"]


def test_a_last_line_without_a_newline_is_read_once(tmp_path):
    path = log(tmp_path, GOOD.rstrip())
    [batch] = promptlog.read(path)
    log(tmp_path, GOOD, GOOD)
    assert sum(each.lines for each in promptlog.read(path, start=batch.end)) == 1


def test_a_log_that_is_only_torn_is_not_an_error(tmp_path):
    assert [bad.reason for bad in skipped(log(tmp_path, GOOD[:50]))] == [Reason.TORN]


def test_a_resumed_log_needs_no_familiar_line(tmp_path):
    path = log(tmp_path, GOOD, b'{"hello": 1}\n')
    assert [bad.reason for bad in skipped(path, start=len(GOOD))] == [Reason.UNKNOWN_SHAPE]


def test_a_damaged_archive_gives_its_lines_and_is_counted_once(tmp_path):
    lines = [line(litellm(id=f"r{i}-{hashlib.sha256(bytes([i])).hexdigest()}")) for i in range(200)]
    packed = gzip.compress(b"".join(lines))
    path = log(tmp_path, packed[: len(packed) // 2])
    batches = list(promptlog.read(path))
    assert sum(batch.records.num_rows for batch in batches) > 50
    [bad] = [each for batch in batches for each in batch.skipped]
    assert (bad.reason, bad.offset) == (Reason.DAMAGED, batches[-1].end)
    path.write_bytes(packed)
    resumed = sum(batch.records.num_rows for batch in promptlog.read(path, start=bad.offset))
    assert resumed + sum(batch.records.num_rows for batch in batches) == 200


@pytest.mark.parametrize("data", [b"", b"\n \n\r\n"])
def test_an_empty_log_has_no_records(tmp_path, data):
    assert records(log(tmp_path, data)) == skipped(log(tmp_path, data)) == []


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'{"hello": 1}\n', "--map"),
        (b'[\n{"id": 1},\n', "array"),
        (b"time,user,prompt\n1,2,3\n", "does not hold JSON"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "does not hold JSON"),
    ],
)
def test_an_unknown_format_is_an_error_that_says_what_to_do(tmp_path, data, word):
    with pytest.raises(LogError, match=word):
        records(log(tmp_path, data))


def test_a_format_can_be_named(tmp_path):
    path = log(tmp_path, *[b'{"hello": 1}\n'] * 60, GOOD)
    assert len(records(path, format="litellm")) == 1
    with pytest.raises(LogError, match="litellm, anthropic, openai-chat"):
        records(path, format="splunk")


FRAGMENTS = st.sampled_from(
    [GOOD.strip(), BARE.strip(), b"{", b"}", b"\xff", b'"', b"NaN", b"\\ud800", b"\r", b"\xef\xbb\xbf", b" "]
)


def mangle(parts):
    return b"".join(parts).replace(b"\n", b"")


LINES = st.lists(
    st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")) | st.lists(FRAGMENTS, max_size=4).map(mangle)
)


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from([bytes, gzip.compress, zstandard.compress]), st.integers(1, 5))
def test_accepted_and_skipped_are_all_that_was_read(tmp_path_factory, lines, pack, rows):
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_bytes(pack(GOOD + b"".join(each + b"\n" for each in lines)))
    batches = list(promptlog.read(path, batch_rows=rows, format="litellm"))
    accepted = sum(batch.records.num_rows for batch in batches)
    refused = sum(len(batch.skipped) for batch in batches)
    assert accepted + refused == sum(batch.lines for batch in batches)
    assert accepted + refused == 1 + sum(not is_blank(each) for each in lines)


def is_blank(data):
    return not data.strip(b" \t\n\r\v\f")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*litellm(), *metadata()]), JSON), min_size=1, max_size=4))
def test_any_value_in_any_field_is_read_or_skipped(tmp_path_factory, changes):
    entry = litellm()
    for name, value in changes:
        if name in metadata():
            entry["metadata"] = metadata(**{name: value})
        else:
            entry[name] = value
    path = log(tmp_path_factory.mktemp("log"), GOOD, json.dumps(entry).encode() + b"\n")
    for mapping in (
        None,
        {"account": "end_user", "messages": "messages", "tools": "metadata", "prompt": "id"},
    ):
        [batch] = promptlog.read(path, mapping=mapping)
        assert batch.records.num_rows + len(batch.skipped) == batch.lines == 2
        assert isinstance(batch.records, pa.RecordBatch)
