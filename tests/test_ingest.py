"""Ingest: every line counted once, no file twice, and no text where none may be."""

import gzip
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import zstandard
from ingested import BAD, KEY, MARKER, add, counts, entries, ids
from logsamples import log

from indexes import ingest as ingest_module
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.verify import verify
from indexes.workspace import Workspace
from promptlog import containers
from promptlog.errors import LogError


@pytest.fixture
def empty(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "index", key=KEY)


def test_every_line_is_indexed_or_quarantined(empty, tmp_path):
    good = entries("a", 30)
    path = log(tmp_path, *good[:10], *BAD, *good[10:])
    seen = []
    summary = add(empty, path, progress=seen.append)
    assert counts(summary) == (1, 0, 34, 30, 4)
    assert (summary.schema_version, summary.generation, summary.accounts) == (1, 1, 1)
    assert ids(empty) == [f"a-{i}" for i in range(30)]
    assert [(each.path, each.requests, each.quarantined) for each in seen] == [(str(path), 30, 4)]
    [entry] = Workspace.open(empty.root).manifest.inputs
    assert (entry.path, entry.size) == (str(path), path.stat().st_size)
    assert (entry.records, entry.quarantined) == (30, 4)


def test_a_second_run_appends(empty, tmp_path):
    first, second = (log(tmp_path, *entries(name, 9), *BAD, name=name) for name in "ab")
    add(empty, first)
    assert counts(add(empty, first, second)) == (1, 1, 13, 9, 4)
    assert ids(empty) == [f"{name}-{i}" for name in "ab" for i in range(9)]
    manifest = Workspace.open(empty.root).manifest
    assert [Path(entry.path).name for entry in manifest.inputs] == ["a", "b"]
    assert (manifest.generation, len(manifest.segments)) == (2, 2)


def test_requests_know_the_file_and_line_they_come_from(empty, tmp_path):
    paths = [log(tmp_path, *entries(name, 3), name=name) for name in "ab"]
    paths.append(tmp_path / "c.gz")
    paths[-1].write_bytes(gzip.compress(b"".join(entries("c", 3))))
    for path in paths:
        add(empty, path)
    workspace = Workspace.open(empty.root)
    for segment in Snapshot(workspace).segments:
        for row in segment.requests(["request_id", "source", "offset"]).to_pylist():
            raw = Path(workspace.manifest.inputs[row["source"]].path).read_bytes()
            raw = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
            assert raw[row["offset"] :].startswith(f'{{"id": "{row["request_id"]}"'.encode())


def test_each_segment_is_a_generation_of_bounded_size(empty, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest_module, "SEGMENT_REQUESTS", 20)
    paths = [log(tmp_path, *entries(f"{number:02d}", 9), name=str(number)) for number in range(14)]
    summary = add(empty, *paths)
    manifest = Workspace.open(empty.root).manifest
    assert [segment.requests for segment in manifest.segments] == [27, 27, 27, 27, 18]
    assert summary.generation == manifest.generation == 5
    assert ids(empty) == [f"{number:02d}-{i}" for number in range(14) for i in range(9)]


def test_bad_lines_are_published_too_before_they_are_too_many(empty, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest_module, "SEGMENT_SKIPPED", 3)
    add(empty, *(log(tmp_path, *entries(name, 1), *BAD, name=name) for name in "ab"))
    assert [len(segment.skipped) for segment in Snapshot(Workspace.open(empty.root)).segments] == [4, 4]


def test_what_comes_in_slowly_is_published_as_time_passes(empty, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest_module, "SEGMENT_SECONDS", 0.0)
    monkeypatch.setattr(containers, "BLOCK", 1000)
    summary = add(empty, log(tmp_path, *entries("a", 40)))
    assert summary.generation > 1
    assert ids(empty) == [f"a-{i}" for i in range(40)]


def stopping(after: int):
    """Return a progress report that interrupts the run."""

    def stop(progress) -> None:
        if progress.requests > after:
            raise KeyboardInterrupt

    return stop


def test_a_broken_run_goes_on_at_its_last_commit(empty, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest_module, "SEGMENT_REQUESTS", 18)
    paths = [log(tmp_path, *entries(str(number), 9), name=str(number)) for number in range(5)]
    with pytest.raises(KeyboardInterrupt):
        add(empty, *paths, progress=stopping(18))
    assert len(ids(empty)) == 18
    assert counts(add(empty, *paths)) == (3, 2, 27, 27, 0)
    assert ids(empty) == [f"{number}-{i}" for number in range(5) for i in range(9)]
    assert verify(empty.root).damaged == ()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_run_broken_within_a_file_goes_on_there_even_if_it_is_packed_meanwhile(
    empty, tmp_path, monkeypatch, pack
):
    monkeypatch.setattr(ingest_module, "SEGMENT_REQUESTS", 7)
    monkeypatch.setattr(containers, "BLOCK", 2000)
    good = entries("a", 40)
    content = b"".join([*good[:15], *BAD, *good[15:]])
    path = log(tmp_path, content)
    with pytest.raises(KeyboardInterrupt):
        add(empty, path, progress=stopping(20))
    done = len(ids(empty))
    assert 0 < done < 40
    path.write_bytes(pack(content))
    again = add(empty, path.rename(tmp_path / "elsewhere"))
    assert (again.files, again.records_indexed) == (1, 40 - done)
    assert ids(empty) == [f"a-{i}" for i in range(40)]
    [entry] = Workspace.open(empty.root).manifest.inputs
    assert (entry.records, entry.quarantined, entry.offset) == (40, 4, len(content))
    assert entry.path == str(tmp_path / "elsewhere")
    assert counts(add(empty, tmp_path / "elsewhere")) == (0, 1, 0, 0, 0)


def test_a_file_that_is_no_log_is_named_and_the_others_are_read(empty, tmp_path):
    good, bad = log(tmp_path, *entries("a", 3)), log(tmp_path, b"hello\n", name="hello.txt")
    done = add(empty, bad, good)
    assert counts(done) == (1, 0, 3, 3, 0)
    assert [file.path for file in done.unreadable] == [str(bad)]
    assert "hello.txt" in done.unreadable[0].reason


def test_a_file_that_cannot_be_opened_is_named_and_the_others_are_read(empty, tmp_path):
    good = log(tmp_path, *entries("a", 3))
    done = add(empty, tmp_path / "missing.jsonl", good, tmp_path)
    assert counts(done) == (1, 0, 3, 3, 0)
    assert [file.path for file in done.unreadable] == [str(tmp_path / "missing.jsonl"), str(tmp_path)]


def test_an_unknown_format_or_mapping_changes_nothing(empty, tmp_path):
    good = log(tmp_path, *entries("a", 3))
    for misuse in ({"format": "nonsense"}, {"mapping": {"nonsense": "x"}}):
        with pytest.raises(LogError, match="nonsense"):
            add(empty, good, **misuse)
    assert Workspace.open(empty.root).manifest == empty.manifest


def test_a_log_of_bad_lines_alone_is_counted(empty, tmp_path):
    path = log(tmp_path, *BAD)
    assert counts(add(empty, path, format="litellm")) == (1, 0, 4, 0, 4)
    assert counts(add(empty, path, format="litellm")) == (0, 1, 0, 0, 0)
    assert ids(empty) == []


def test_no_logs_make_no_generation(empty):
    assert counts(add(empty)) == (0, 0, 0, 0, 0)
    assert Workspace.open(empty.root).manifest == empty.manifest


def test_a_log_that_can_be_read_in_part_counts_as_read(empty, tmp_path, monkeypatch):
    lines = entries("a", 20)
    path = log(tmp_path, *lines)
    monkeypatch.setattr(containers, "BLOCK", 4000)

    def failing(read, *sizes):
        yield from [b"".join(lines[:10]), b"".join(lines[10:15])]
        raise LogError(f"{path} expands too far")

    monkeypatch.setattr(containers, "_blocks", failing)
    done = add(empty, path)
    assert counts(done) == (1, 0, 15, 15, 0)
    assert done.unreadable[0].reason.endswith("expands too far; 15 entries before that were read")


def test_what_is_wrong_with_a_file_that_was_read_is_told(empty, tmp_path):
    done = add(empty, log(tmp_path, gzip.compress(b"".join(entries("a", 3))) + b"rest"))
    assert counts(done) == (1, 0, 3, 3, 0)
    assert "what follows the last gzip member" in done.unreadable[0].reason


def all_that_is_stored(root: Path) -> bytes:
    """The bytes of every file, and of Parquet files what they decompress to."""
    found = []
    for path in filter(Path.is_file, root.rglob("*")):
        found.append(path.read_bytes())
        if path.suffix == ".parquet":
            found.append(repr(pq.read_table(path).to_pydict()).encode())
    return b"\n".join(found)


def test_quarantined_lines_leave_no_text(empty, tmp_path):
    add(empty, log(tmp_path, *entries("a", 3), *BAD))
    segment = Snapshot(Workspace.open(empty.root)).segments[0]
    assert len(segment.skipped) == len(BAD)
    assert MARKER.encode() not in (segment.folder / "skipped.jsonl").read_bytes()


def test_an_index_without_texts_holds_none(tmp_path):
    path = log(tmp_path, *entries("a", 30), *BAD)
    for with_text in (True, False):
        root = tmp_path / f"index-{with_text}"
        ingest(Workspace.create(root, key=KEY, with_text=with_text), [path])
        stored = all_that_is_stored(root)
        assert b"a-29" in stored  # the requests are there, so the scan sees into Parquet
        assert (MARKER.encode() in stored) is with_text


def test_a_file_name_that_is_no_text_is_spelt_out(empty, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.jsonl")
    path.write_bytes(b"\n".join([*entries("a", 2), b"not json\n"]))
    done = add(empty, path)
    assert counts(done) == (1, 0, 3, 2, 1)
    opened = Workspace.open(empty.root)
    assert opened.manifest.inputs[0].path.endswith("\\xff.jsonl")
    assert Snapshot(opened).segments[0].skipped[0].path.endswith("\\xff.jsonl")
