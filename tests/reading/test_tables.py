"""CSV and Parquet: rows are entries, in whatever cells, and a torn one waits."""

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from laid_out import (
    ENTRIES,
    jsonl,
    resumed_everywhere,
    without_place,
)
from logsamples import log, records, skipped

import promptlog
from promptlog import LogError, Reason, containers, parquet, rows
from promptlog.content import Content
from promptlog.layout import Kind, layout_of


@pytest.fixture(params=[1 << 20, 6000], ids=["one block", "blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(containers, "BLOCK", request.param)
    monkeypatch.setattr(rows, "CHUNK", request.param // 4)
    monkeypatch.setattr(parquet, "BLOCK", request.param // 4)


def as_csv(delimiter=","):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["who", "ask", "at"])
    for i in range(40):
        writer.writerow([f"u{i % 3}", f'Solve "[{i}]",\n{{é; | \t', 1776816003 + i])
    return text.getvalue().encode()


MAPPING = {"account": "who", "prompt": "ask", "ts": "at"}


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


def test_a_carriage_return_within_the_first_line_is_no_csv(tmp_path):
    with pytest.raises(promptlog.LogError):
        list(promptlog.read(log(tmp_path, b"id,us\rer\n1,2\n")))


def test_a_column_that_is_named_twice_is_said(tmp_path):
    with pytest.raises(LogError, match="names the column ask twice"):
        records(log(tmp_path, b"who,ask,ask,at\nu1,a,b,1776816003\n"), mapping=MAPPING)


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
