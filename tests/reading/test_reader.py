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
from promptlog import SCHEMA, LogError, Reason, containers, parsing
from promptlog.content import Mark

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
    assert (batch.lines, batch.skipped, batch.waiting) == (2, (), None)
    assert batch.after == Mark(len(data), hashlib.sha256(data).hexdigest())


def test_unusual_lines_are_read_whole(tmp_path):
    text = "NUL \0, VT \v, CR \r, line separator \u2028, next line \x85, \N{GRINNING FACE}"
    entries = [litellm(id=2**70, messages=text), litellm(messages="")]
    data = b"\xef\xbb\xbf" + b"".join(line(entry).replace(b"\n", b"\r\n") for entry in entries)
    first, second = records(log(tmp_path, data))
    assert (first["request_id"], first["first_user"]) == (str(2**70), text)
    assert second["first_user"] == ""


def test_a_line_over_the_cap_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, "MAX_LINE", 5000)
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
def test_reading_resumes_at_the_end_of_any_batch(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(containers, "BLOCK", 4000)
    lines = [line(litellm(id=f"r{i}")) if i % 3 else b'{"torn"\n' for i in range(20)]
    path = log(tmp_path, pack(b"".join(lines)))
    whole = list(promptlog.read(path))
    assert len(whole) > 2 or pack is not bytes
    ids = [row for batch in whole for row in batch.records["request_id"].to_pylist()]
    for done, batch in enumerate(whole, start=1):
        rest = list(promptlog.read(path, after=batch.after))
        seen = sum(each.records.num_rows for each in whole[:done])
        assert [row for each in rest for row in each.records["request_id"].to_pylist()] == ids[seen:]
    with pytest.raises(LogError, match="cut or replaced"):
        list(promptlog.read(path, after=Mark(len(GOOD), "0" * 64)))


def test_a_torn_last_line_waits_and_is_read_when_it_is_complete(tmp_path):
    second = line(litellm(id="r2"))
    path = log(tmp_path, GOOD, second[:50])
    whole, torn = promptlog.read(path)
    assert (torn.waiting.offset, torn.waiting.reason, torn.after) == (len(GOOD), Reason.TORN, None)
    assert (whole.lines, torn.lines, torn.skipped) == (1, 0, ())
    log(tmp_path, GOOD, second)
    [batch] = promptlog.read(path, after=whole.after)
    assert batch.records["request_id"].to_pylist() == ["r2"]


def test_a_last_line_without_a_newline_is_read_once(tmp_path):
    path = log(tmp_path, GOOD.rstrip())
    [batch] = promptlog.read(path)
    log(tmp_path, GOOD, GOOD)
    assert sum(each.lines for each in promptlog.read(path, after=batch.after)) == 1


def test_a_log_that_is_only_torn_is_not_an_error(tmp_path):
    [batch] = promptlog.read(log(tmp_path, GOOD[:50]))
    assert (batch.waiting.reason, batch.lines, batch.after) == (Reason.TORN, 0, None)


def test_a_resumed_log_needs_no_familiar_line(tmp_path):
    path = log(tmp_path, GOOD, b'{"hello": 1}\n')
    after = Mark(len(GOOD), hashlib.sha256(GOOD).hexdigest())
    assert [bad.reason for bad in skipped(path, after=after)] == [Reason.UNKNOWN_SHAPE]


def test_a_damaged_archive_gives_its_lines_and_is_counted_once(tmp_path):
    lines = [line(litellm(id=f"r{i}-{hashlib.sha256(bytes([i])).hexdigest()}")) for i in range(200)]
    packed = gzip.compress(b"".join(lines))
    path = log(tmp_path, packed[: len(packed) // 2])
    batches = list(promptlog.read(path))
    assert sum(batch.records.num_rows for batch in batches) > 50
    *_, whole, last = batches
    assert (last.waiting.reason, last.waiting.offset) == (Reason.DAMAGED, whole.after.offset)
    assert last.lines == 0
    path.write_bytes(packed)
    resumed = sum(batch.records.num_rows for batch in promptlog.read(path, after=whole.after))
    assert resumed + sum(batch.records.num_rows for batch in batches) == 200


@pytest.mark.parametrize("data", [b"", b"\n \n\r\n"])
def test_an_empty_log_has_no_records(tmp_path, data):
    assert records(log(tmp_path, data)) == skipped(log(tmp_path, data)) == []


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'{"hello": 1}\n', "--map"),
        (b'[\n{"id": 1},\n', "--map"),
        (b"time,user,prompt\n1,2,3\n", "--map"),
        (b"Traceback:\n", "does not hold JSON"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is no log"),
    ],
)
def test_an_unknown_format_is_an_error_that_says_what_to_do(tmp_path, data, word):
    with pytest.raises(LogError, match=word):
        records(log(tmp_path, data))


def test_a_format_can_be_named(tmp_path):
    path = log(tmp_path, *[b'{"hello": 1}\n'] * 60, GOOD)
    assert len(records(path, format="litellm")) == 1
    with pytest.raises(LogError, match="are: anthropic, "):
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
@given(LINES, st.sampled_from([bytes, gzip.compress, zstandard.compress]))
def test_accepted_and_skipped_are_all_that_was_read(tmp_path_factory, lines, pack):
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_bytes(pack(GOOD * 9 + b"".join(each + b"\n" for each in lines)))
    batches = list(promptlog.read(path, format="litellm"))
    accepted = sum(batch.records.num_rows for batch in batches)
    refused = sum(len(batch.skipped) for batch in batches)
    assert accepted + refused == sum(batch.lines for batch in batches)
    assert accepted + refused == 9 + sum(not is_blank(each) for each in lines)


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


SERVED = b"INFO 05-12 10:00:00 [logger.py:39] Received request c-%d: prompt: 'Name a fish.', params: P(n=1)\n"


@pytest.mark.parametrize("cut", [1, 9, 15, 30, 50, 80])
def test_a_last_line_of_a_text_log_waits_until_a_newline_ends_it(tmp_path, cut):
    first, second = SERVED % 1, SERVED % 2
    path = log(tmp_path, first, second[:-cut])
    whole, torn = promptlog.read(path)
    assert (torn.waiting.reason, torn.waiting.offset) == (Reason.TORN, len(first))
    path.write_bytes(first + second)
    assert [row["request_id"] for row in records(path, after=whole.after)] == ["c-2"]
