"""One log in every layout: the same records, found where they stand, and resumed anywhere."""

import gzip

import pytest
import zstandard
from laid_out import ENTRIES, JSON, ids, jsonl, resumed_everywhere, without_place
from logsamples import log, records

import promptlog
from promptlog import Reason, containers, parquet, rows
from promptlog.content import Content
from promptlog.layout import layout_of


@pytest.fixture(params=[1 << 20, 6000], ids=["one block", "blocks"])
def blocks(request, monkeypatch):
    monkeypatch.setattr(containers, "BLOCK", request.param)
    monkeypatch.setattr(rows, "CHUNK", request.param // 4)
    monkeypatch.setattr(parquet, "BLOCK", request.param // 4)


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
