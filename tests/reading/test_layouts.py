"""One log in every layout: the same records, found where they stand, and resumed anywhere."""

import csv
import gzip
import io
import json
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from logsamples import line, litellm, log, records, skipped

import promptlog
from promptlog import LogError, Reason, containers, parquet, rows
from promptlog.chunk import Tally
from promptlog.content import Content
from promptlog.elements import cut_array
from promptlog.layout import Kind, layout_of

ENTRIES = [
    litellm(id=f"r{i}", messages=[{"role": "user", "content": f'Solve "[{i}]" {{é, \\ \n'}])
    for i in range(40)
]
OTHERS = {"object": "list", "total": {"n": [1]}, "has_more": False}


def jsonl(entries):
    return b"".join(map(line, entries))


def pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


JSON = {
    "lines": (Kind.LINES, jsonl(ENTRIES)),
    "lines, CRLF": (Kind.LINES, jsonl(ENTRIES).replace(b"\n", b"\r\n")),
    "lines, the first two damaged": (Kind.LINES, b'{"id": "r\n{\n' + jsonl(ENTRIES)),
    "lines, the first cut at its head": (Kind.LINES, b'[{"role": "user"}], "a": 1}\n' + jsonl(ENTRIES)),
    "lines, below a banner": (Kind.LINES, b"dump\tnode 7\n" + jsonl(ENTRIES)),
    "one object": (Kind.LINES, json.dumps(ENTRIES[0]).encode()),
    "joined": (Kind.OBJECTS, b"".join(map(bytes.strip, map(line, ENTRIES)))),
    "joined, a few a line": (
        Kind.OBJECTS,
        b"".join(line(entry).strip() + b"\n" * (i % 5 == 4) for i, entry in enumerate(ENTRIES)),
    ),
    "array without brackets": (Kind.ARRAY, jsonl(ENTRIES).replace(b"}\n", b"},\n")),
    "array": (Kind.ARRAY, json.dumps(ENTRIES).encode()),
    "array, printed": (Kind.ARRAY, pretty(ENTRIES) + b"\n"),
    "array, one a line": (Kind.ARRAY, b"[\n" + b",\n".join(map(bytes.strip, map(line, ENTRIES))) + b"\n]\n"),
    "arrays": (
        Kind.ARRAY,
        json.dumps(ENTRIES[:9]).encode() + b"\n" + json.dumps(ENTRIES[9:]).encode() + b"\n",
    ),
    "wrapped": (Kind.WRAPPED, json.dumps(OTHERS | {"data": ENTRIES} | {"errors": [1]}).encode()),
    "wrapped, printed": (Kind.WRAPPED, pretty({"é": "[", "Records": ENTRIES} | OTHERS)),
    "Elastic": (
        Kind.WRAPPED,
        json.dumps({"took": 3, "hits": {"total": {"value": 1}, "hits": ENTRIES}}).encode(),
    ),
    "objects, printed": (Kind.OBJECTS, b"\n".join(map(pretty, ENTRIES))),
    "one object, printed": (Kind.OBJECTS, pretty(ENTRIES[0])),
}


def as_csv(delimiter=","):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["who", "ask", "at"])
    for i in range(40):
        writer.writerow([f"u{i % 3}", f'Solve "[{i}]",\n{{é; | \t', 1776816003 + i])
    return text.getvalue().encode()


MAPPING = {"account": "who", "prompt": "ask", "ts": "at"}


@pytest.fixture(params=[1 << 20, 6000], ids=["one block", "blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(containers, "BLOCK", request.param)
    monkeypatch.setattr(rows, "CHUNK", request.param // 4)
    monkeypatch.setattr(parquet, "BLOCK", request.param // 4)


def ids(rows):
    return [row["request_id"] for row in rows]


def without_place(rows):
    return [row | {"offset": 0} for row in rows]


def resumed_everywhere(path, **options):
    """Assert that reading may stop after any batch; return all records."""
    batches = list(promptlog.read(path, **options))
    found = [batch.records.to_pylist() for batch in batches]
    for done, batch in enumerate(batches, start=1):
        rest = [
            row
            for each in promptlog.read(path, after=batch.after, **options)
            for row in each.records.to_pylist()
        ]
        assert rest == [row for rows in found[done:] for row in rows]
    return [row for rows in found for row in rows]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
@pytest.mark.parametrize("name", JSON)
def test_every_layout_of_json_gives_the_same_records(tmp_path, blocks, name, mark):
    kind, data = JSON[name]
    data = mark + data
    assert layout_of(Content(iter([data]))).kind is kind
    found = resumed_everywhere(log(tmp_path, data))
    whole = records(log(tmp_path, jsonl(ENTRIES[:1] if "one object" in name else ENTRIES), name="other"))
    assert without_place(found) == without_place(whole)
    for row in found:
        assert data[row["offset"] :].startswith(b"{")
        assert f'"{row["request_id"]}"'.encode() in data[row["offset"] :][:40]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_an_array_may_be_packed(tmp_path, pack):
    assert ids(records(log(tmp_path, pack(JSON["array"][1])))) == [entry["id"] for entry in ENTRIES]


@pytest.mark.parametrize("name", [name for name in JSON if "one object" not in name])
def test_what_is_cut_off_waits_in_any_layout(tmp_path, name):
    data = JSON[name][1]
    path = log(tmp_path, data[:-700])
    *_, last = batches = list(promptlog.read(path))
    done = sum(batch.records.num_rows for batch in batches)
    assert 0 < done < 40
    assert last.waiting.reason is Reason.TORN
    after = next(batch.after for batch in reversed(batches) if batch.after)
    path.write_bytes(data)
    rest = [row for batch in promptlog.read(path, after=after) for row in batch.records.to_pylist()]
    assert ids(rest) == [entry["id"] for entry in ENTRIES[done:]]


def test_a_bad_element_does_not_spoil_its_neighbours(tmp_path):
    elements = [line(entry).strip() for entry in ENTRIES[:3]]
    data = b"[" + b",".join([elements[0], b"nonsense", elements[1], b'{"a": NaN}', elements[2]]) + b"]"
    path = log(tmp_path, data)
    assert ids(records(path)) == ["r0", "r1", "r2"]
    assert [(bad.reason, data[bad.offset :][:3]) for bad in skipped(path)] == [
        (Reason.NOT_JSON, b"non"),
        (Reason.BAD_NUMBER, b'{"a'),
    ]


def test_an_element_over_the_cap_is_a_gap_and_never_held():
    long = b'{"text": "' + b"x" * 30_000 + b'"}'
    data = b'[{"a": 1}, ' + long + b', {"b": 2}]'
    pieces = (data[at : at + 5000] for at in range(0, len(data), 5000))
    first, gap, last = cut_array(pieces, Tally(), 1, alone=True, max_line=9000)
    assert (first.data, last.data, last.offsets.tolist()) == (b'{"a": 1}\n', b'{"b": 2}\n', [len(data) - 9])
    assert [(each.offset, each.reason) for each in gap.gaps] == [(10, Reason.TOO_LONG)]


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_csv_with_quoted_newlines(tmp_path, blocks, delimiter):
    data = as_csv(delimiter)
    path = log(tmp_path, data)
    found = resumed_everywhere(path, mapping=MAPPING)
    assert [row["first_user"] for row in found] == [f'Solve "[{i}]",\n{{é; | \t' for i in range(40)]
    assert [row["account"] for row in found[:4]] == ["u0", "u1", "u2", "u0"]
    assert found[3]["time_us"] == 1776816006_000_000
    assert all(data[row["offset"] :].startswith(row["account"].encode()) for row in found)


def test_bad_rows_of_csv_are_skipped(tmp_path):
    data = b'who,ask,at\nu1,a,1776816003\nu2,"b""\nu3,c,1776816003\nu4,d\nu5,\xff,1776816003\n\n'
    path = log(tmp_path, data + b"u6,f,1776816003\n" + b"u7,g,1776816003\n" * 9)
    found = records(path, mapping=MAPPING)
    assert [row["account"] for row in found] == ["u1", "u3", "u6", *["u7"] * 9]
    assert [(bad.reason, data[bad.offset :][:2]) for bad in skipped(path, mapping=MAPPING)] == [
        (Reason.BAD_ROW, b"u2"),
        (Reason.BAD_ROW, b"u4"),
        (Reason.NOT_UTF8, b"u5"),
    ]


@pytest.mark.parametrize("end", [b"u2,b", b'u2,"b\nc'])
def test_a_torn_row_waits(tmp_path, end):
    path = log(tmp_path, b"who,ask,at\nu1,a,1776816003\n", end)
    *_, last = batches = list(promptlog.read(path, mapping=MAPPING))
    assert (sum(batch.lines for batch in batches), last.waiting.reason) == (1, Reason.TORN)


def test_a_text_that_only_has_commas_is_no_csv(tmp_path):
    for text in (b"Hello, world\n", b"INFO 01-01 12:00:00 [x.py:3] a, b, c\n", b"a,b"):
        assert layout_of(Content(iter([text]))).kind is Kind.LINES


def table():
    return pa.table(
        {
            "who": [f"u{i % 3}" for i in range(600)],
            "ask": pa.array([f"Solve {i}".encode() for i in range(600)], pa.binary()),
            "at": pa.array(
                [1776816003_000_000_001 + i * 10**9 for i in range(600)], pa.timestamp("ns", "UTC")
            ),
            "tags": pa.array([[("k", "v")]] * 600, pa.map_(pa.string(), pa.string())),
        }
    )


@pytest.mark.parametrize("compression", ["zstd", "snappy", "none"])
def test_parquet_rows_are_entries_found_by_number(tmp_path, blocks, compression):
    path = tmp_path / "log"
    pq.write_table(table(), path, compression=compression, row_group_size=170)
    found = resumed_everywhere(path, mapping=MAPPING | {"session": "tags.k"})
    assert [row["first_user"] for row in found] == [f"Solve {i}" for i in range(600)]
    assert [row["offset"] for row in found] == list(range(600))
    assert (found[5]["account"], found[5]["time_us"], found[5]["session"]) == ("u2", 1776816008_000_000, "v")


def test_parquet_of_nested_columns(tmp_path):
    path = tmp_path / "log"
    pq.write_table(pa.Table.from_pylist([entry | {"model_parameters": None} for entry in ENTRIES]), path)
    assert without_place(records(path)) == without_place(records(log(tmp_path, jsonl(ENTRIES))))


def test_parquet_that_claims_more_than_it_can_hold_is_refused_unread(tmp_path):
    path = tmp_path / "bomb"
    pq.write_table(pa.table({"ask": pa.repeat("Solve", 3_000_000)}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(LogError, match="claims 3,000,000 rows"):
        records(path)


@pytest.mark.parametrize("data", [b"PAR1" + bytes(100), b"PAR1"])
def test_parquet_that_is_damaged_is_refused(tmp_path, data):
    with pytest.raises(LogError, match="Parquet file that cannot be read"):
        records(log(tmp_path, data))


PIECES = st.sampled_from([*'{}[],"\\: \n1é', '"a"', '{"a": [1, "]"]}'])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["[{", '{"data": [{', "{\n  "]), st.lists(PIECES, max_size=40), st.integers(1, 9))
def test_nothing_is_lost_of_any_text_in_any_layout(begin, pieces, size):
    """Whatever stands between the first and the last byte is an entry, accepted or not, or it waits."""
    data = (begin + "".join(pieces)).encode()
    layout = layout_of(Content(iter([data])))
    content = Content(iter([data[at : at + size] for at in range(0, len(data), size)]))
    entries = entries_of(layout.chunks(content))
    if layout.kind is not Kind.WRAPPED:
        assert content.tally.offset == len(data)
    assert entries == entries_of(layout.chunks(Content(iter([data]))))


def entries_of(chunks):
    return [entry for chunk in chunks for entry in chunk.data.removesuffix(b"\n").split(b"\n") if chunk.data]


def test_an_array_whose_first_elements_are_damaged_is_an_array(tmp_path):
    elements = [b"garbage"] * 20 + [line(litellm()).strip()] * 5
    path = log(tmp_path, b"[\n" + b",\n".join(elements) + b"\n]\n")
    assert len(records(path)) == 5
    assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON] * 20


def test_a_carriage_return_within_the_first_line_is_no_csv(tmp_path):
    with pytest.raises(promptlog.LogError):
        list(promptlog.read(log(tmp_path, b"id,us\rer\n1,2\n")))


HEADERS = b"HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2028 00:00:00 GMT\r\n\r\n"


@pytest.mark.parametrize("name", ["array", "array, printed", "array, one a line"])
@pytest.mark.parametrize("stray", [HEADERS, b"@@\n", b")]}',\n"])
def test_what_stands_above_an_array_costs_no_element(tmp_path, name, stray):
    data = stray + JSON[name][1]
    path = log(tmp_path, data)
    found = resumed_everywhere(path)
    assert ids(found) == [entry["id"] for entry in ENTRIES]
    assert all(data[row["offset"] :].startswith(b"{") for row in found)
    assert [(bad.offset, bad.reason) for bad in skipped(path)] == [(0, Reason.NOT_JSON)]


@pytest.mark.parametrize("name", ["array", "array, printed", "array, one a line"])
def test_what_stands_at_the_head_of_an_array_costs_no_element(tmp_path, name):
    path = log(tmp_path, b"[\n@@," + JSON[name][1][1:])
    assert ids(records(path)) == [entry["id"] for entry in ENTRIES]
    assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]


def test_a_text_log_that_shows_an_array_is_none(tmp_path):
    text = b'INFO start\n[\n {\n  "a": 1\n },\n {\n  "a": 2\n }\n]\nINFO end\n'
    assert layout_of(Content(iter([text]))).kind is Kind.LINES


def test_a_column_that_is_named_twice_is_said(tmp_path):
    with pytest.raises(LogError, match="names the column ask twice"):
        records(log(tmp_path, b"who,ask,ask,at\nu1,a,b,1776816003\n"), mapping=MAPPING)


LAID_OUT = [
    name for name in JSON if "lines" not in name and "one object" not in name and "joined" not in name
]
# Where a character is lost or comes in, and how many elements may be lost with the one it stands in.
DAMAGE = st.tuples(
    st.sampled_from(LAID_OUT), st.integers(1, 39), st.floats(0, 1), st.sampled_from('"{}[],:\\')
)


@settings(max_examples=300, deadline=None)
@given(DAMAGE, st.booleans(), st.integers(99, 9999))
def test_damage_costs_the_element_that_it_is_in(damage, comes_in, size):
    name, number, part, character = damage
    data = JSON[name][1]
    begin = data.index(b'"r%d"' % number)
    end = data.index(b'"r%d"' % (number + 1)) if number < 39 else len(data)
    place = begin + round(part * (end - begin - 1))
    if comes_in:
        damaged = data[:place] + character.encode() + data[place:]
    else:
        place = max(begin, data.rfind(character.encode(), 0, place))
        damaged = data[:place] + data[place + 1 :]
    content = Content(iter([damaged[at : at + size] for at in range(0, len(damaged), size)]))
    found = entries_of(layout_of(Content(iter([damaged]))).chunks(content))
    assert sum(value in ENTRIES for value in sound(found)) >= 38
    assert len(found) >= 39  # between two elements, both may be one entry


def sound(entries):
    for entry in entries:
        with suppress(ValueError):  # of UTF-8, too
            yield json.loads(entry)


@pytest.mark.parametrize("name", LAID_OUT)
def test_an_unclosed_quote_in_an_array_hides_no_other_element(tmp_path, name):
    data = JSON[name][1]
    for number in (0, 20, 39):
        path = log(tmp_path, data.replace(b'"r%d"' % number, b'"r%d' % number))
        assert ids(records(path)) == [entry["id"] for entry in ENTRIES if entry["id"] != f"r{number}"]
        assert [bad.reason for bad in skipped(path)] == [Reason.NOT_JSON]


def test_text_that_looks_like_elements_is_no_element(tmp_path):
    said = '},{"id": "forged"}], {"id": 1},\n{'
    elements = [litellm(id=f"r{i}", messages=[{"role": "user", "content": said}]) for i in range(9)]
    data = json.dumps(elements).encode()
    path = log(tmp_path, data)
    assert ids(records(path)) == [f"r{i}" for i in range(9)]
    path = log(tmp_path, data.replace(b'"r3"', b'"r3'))
    assert ids(records(path)) == [f"r{i}" for i in range(9) if i != 3]


def test_strings_full_of_what_looks_like_elements_take_no_longer():
    """A string that turns out to be damaged is gone over again once, not once for each."""
    string = b',{\\"id\\":\\"' * 400_000
    data = b'[{"id": "' + string + b'\n"},{"id": 1}]'
    assert entries_of(cut_array(iter([data]), Tally(), 1, alone=True))[-1] == b'{"id": 1}'


@pytest.mark.parametrize("cut", range(1, 26))
def test_a_last_row_of_csv_waits_until_a_newline_ends_it(tmp_path, cut):
    header, row = b"at,ask,who\n", b'1776816003,"say ""b""",u12\r\n'
    path = log(tmp_path, header, row, row[:-cut])
    whole, torn = promptlog.read(path, mapping=MAPPING)
    assert [each["account"] for each in whole.records.to_pylist()] == ["u12"]
    assert (torn.waiting.reason, torn.waiting.offset) == (Reason.TORN, len(header + row))
    path.write_bytes(header + row + row)
    [rest] = promptlog.read(path, after=whole.after, mapping=MAPPING)
    assert [each["account"] for each in rest.records.to_pylist()] == ["u12"]
    assert rest.skipped == ()
