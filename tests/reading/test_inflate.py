"""gzip files that are not quite what gzip writes, and Parquet files with a damaged page."""

import gzip
import io
import json
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from logsamples import line, litellm, log

from promptlog import Reason
from promptlog.inflate import inflated
from promptlog.reader import opened

TEXT = b"".join(b'{"n": %d, "text": "%s"}\n' % (i, b"%x" % (i * 7919) * 9) for i in range(9000))
PACKED = gzip.compress(TEXT)


def unpack(packed):
    remarks, found = [], []
    try:
        found.extend(inflated(io.BytesIO(packed).read, remarks.append))
    except OSError:
        remarks.append("torn")
    return b"".join(found), remarks


@pytest.mark.parametrize("zeros", [0, 1, 511, 200_000])
def test_zeros_behind_the_last_member_are_passed_over_in_silence(zeros):
    assert unpack(PACKED + bytes(zeros)) == (TEXT, [])
    assert unpack(PACKED + bytes(zeros) + PACKED) == (TEXT + TEXT, [])


def test_whatever_else_follows_is_passed_over_with_a_remark():
    for rest in (b"x", b"\0\0garbage", b"\x1e" * 99_999):
        assert unpack(PACKED + rest) == (
            TEXT,
            ["what follows the last gzip member is none, and is passed over"],
        )


@pytest.mark.parametrize("place", [-8, -1])
def test_a_wrong_checksum_costs_no_text(place):
    wrong = bytearray(PACKED)
    wrong[place] ^= 1
    for rest, more in ((b"", b""), (PACKED, TEXT)):
        text, [remark] = unpack(bytes(wrong) + rest)
        assert text == TEXT + more
        assert "checksum" in remark


@pytest.mark.parametrize(("kept", "lost"), [(-1, 0), (-8, 0), (-9, 300)])
def test_a_torn_member_gives_all_that_it_holds(kept, lost):
    text, remarks = unpack(PACKED[:kept])
    assert TEXT.startswith(text)
    assert len(text) >= len(TEXT) - lost
    assert remarks == ["torn"]
    assert unpack(PACKED + PACKED[:1]) == (TEXT, ["torn"])


def test_a_corrupt_member_gives_all_before_the_damage():
    member = zlib.compressobj(wbits=31)
    begun = member.compress(TEXT) + member.flush(zlib.Z_FULL_FLUSH)
    no_block = b"\x07" * 99
    assert unpack(begun + no_block) == (TEXT, ["torn"])


def test_a_remark_is_there_when_the_log_was_read(tmp_path):
    path = log(tmp_path, gzip.compress(line(litellm())) + b"rest")
    with opened(path) as opened_log:
        [batch] = opened_log.batches()
        assert (batch.records.num_rows, len(opened_log.content.remarks)) == (1, 1)


@pytest.mark.parametrize("group", [0, 2, 4])
def test_a_damaged_row_group_is_one_bad_line_and_the_others_are_read(tmp_path, group):
    rows = [
        {
            "request_id": f"h{i}",
            "request_created_at": "2026-01-01T00:00:00Z",
            "request_user_id": "u",
            "request_model": "m",
            "request_body": json.dumps({"messages": [{"role": "user", "content": f"Solve {i * 7919:x}"}]}),
        }
        for i in range(500)
    ]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    column = pq.ParquetFile(path).metadata.row_group(group).column(0)
    data = bytearray(path.read_bytes())
    begin = column.dictionary_page_offset or column.data_page_offset
    data[begin : begin + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(data)
    with opened(path) as opened_log:
        batches = list(opened_log.batches())
        found = [row for batch in batches for row in batch.records.to_pylist()]
        bad = [(each.offset, each.reason) for batch in batches for each in batch.skipped]
        [remark] = opened_log.content.remarks
    lost = range(100 * group, 100 * group + 100)
    assert [row["offset"] for row in found] == [i for i in range(500) if i not in lost]
    assert all(row["request_id"] == f"h{row['offset']}" for row in found)
    assert bad == [(lost.start, Reason.BAD_ROWS)]
    assert f"rows {lost.start} to {lost.stop - 1} cannot be read" in remark
    assert sum(batch.lines for batch in batches) == 401
