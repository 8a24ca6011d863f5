"""One log in many states: copied, packed, grown, cut, begun anew; every line of it counts once."""

import gzip
import os

import pytest
import zstandard
from ingested import BAD, KEY, add, counts, entries, ids
from logsamples import line, log

from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


@pytest.fixture
def empty(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "index", key=KEY)


def test_the_same_dump_again_adds_nothing(empty, tmp_path):
    path = log(tmp_path, *entries("a", 9), *BAD)
    add(empty, path)
    before = Workspace.open(empty.root).manifest
    assert counts(add(empty, path, path)) == (0, 2, 0, 0, 0)
    assert Workspace.open(empty.root).manifest == before


def test_a_dump_is_known_under_another_name_and_in_another_place(empty, tmp_path):
    path = log(tmp_path, *entries("a", 9))
    add(empty, path)
    renamed = path.rename(tmp_path / "other.jsonl")
    assert counts(add(empty, renamed)) == (0, 1, 0, 0, 0)
    (tmp_path / "archive").mkdir()
    moved = renamed.rename(tmp_path / "archive" / "log.jsonl")
    os.utime(moved, (0, 0))
    assert counts(add(empty, moved)) == (0, 1, 0, 0, 0)
    assert len(ids(empty)) == 9


def test_a_dump_twice_in_one_run_counts_once(empty, tmp_path):
    path, copy = (log(tmp_path, *entries("a", 9), name=name) for name in ("a.jsonl", "copy.jsonl"))
    assert counts(add(empty, path, copy)) == (1, 1, 9, 9, 0)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_packed_copy_is_known(empty, tmp_path, pack):
    content = b"".join(entries("a", 9))
    add(empty, log(tmp_path, content))
    copy = log(tmp_path, pack(content), name="copy")
    before = Workspace.open(empty.root).manifest
    assert counts(add(empty, copy)) == (0, 1, 0, 0, 0)
    assert Workspace.open(empty.root).manifest == before


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_a_log_that_grew_is_read_from_where_it_ended(empty, tmp_path, pack):
    lines = entries("a", 9)
    path = log(tmp_path, pack(b"".join(lines[:4])))
    add(empty, path)
    path.write_bytes(pack(b"".join(lines)))
    assert counts(add(empty, path)) == (1, 0, 5, 5, 0)
    assert ids(empty) == [f"a-{i}" for i in range(9)]
    workspace = Workspace.open(empty.root)
    [entry] = workspace.manifest.inputs
    assert (entry.records, entry.offset, entry.format) == (9, sum(map(len, lines)), "litellm")
    tables = [segment.requests(["source"]) for segment in Snapshot(workspace).segments]
    sources = [row for table in tables for row in table.column(0).to_pylist()]
    assert sources == [0] * 9


def test_a_log_that_was_rewritten_is_a_new_one(empty, tmp_path):
    path = log(tmp_path, *entries("a", 4))
    add(empty, path)
    log(tmp_path, *entries("b", 6))
    assert counts(add(empty, path)) == (1, 0, 6, 6, 0)
    assert len(Workspace.open(empty.root).manifest.inputs) == 2


def test_a_torn_last_line_waits_until_it_is_whole(empty, tmp_path):
    first, second = entries("a", 2)
    path = log(tmp_path, first, second[:60])
    done = add(empty, path)
    assert counts(done) == (1, 0, 1, 1, 0)
    [waiting] = done.waiting
    assert "torn last line at byte" in waiting.reason
    again = add(empty, path)
    assert counts(again) == (0, 1, 0, 0, 0)
    assert (again.generation, again.waiting) == (done.generation, done.waiting)
    log(tmp_path, first, second)
    assert counts(add(empty, path)) == (1, 0, 1, 1, 0)
    assert ids(empty) == ["a-0", "a-1"]


def test_an_archive_that_is_still_being_written_waits_too(empty, tmp_path):
    lines = entries("a", 400)
    packed = gzip.compress(b"".join(lines))
    path = log(tmp_path, packed[: len(packed) // 2])
    done = add(empty, path)
    assert 0 < done.records_indexed < 400
    assert (done.quarantined, len(done.waiting)) == (0, 1)
    assert counts(add(empty, path)) == (0, 1, 0, 0, 0)
    path.write_bytes(packed)
    add(empty, path)
    assert ids(empty) == [f"a-{i}" for i in range(400)]


def bare(*numbers: int) -> list[bytes]:
    """Requests to which the log gives no id."""
    return [
        line(
            {
                "model": "m",
                "user": f"u{i % 3}",
                "messages": [{"role": "user", "content": f"Solve {i * 7919}"}],
            }
        )
        for i in numbers
    ]


def array(lines: list[bytes], begin: str = "[\n", end: str = "\n]\n") -> bytes:
    return begin.encode() + b",\n".join(each.strip() for each in lines) + end.encode()


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ("[\n", "\n]\n"), ('{"data": [', '], "next": [{}]}')])
def test_an_array_that_grew_is_read_from_where_it_ended(empty, tmp_path, begin, end):
    lines = bare(*range(20))
    for count, new in ((10, 10), (10, 0), (20, 10), (20, 0)):
        assert add(empty, log(tmp_path, array(lines[:count], begin, end))).records_indexed == new
    assert len(ids(empty)) == 20


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("form", [b"".join, array])
def test_an_earlier_state_of_a_log_adds_nothing(empty, tmp_path, pack, form):
    lines = bare(*range(20))
    earlier = log(tmp_path, pack(form(lines[:10])), name="earlier")
    later = log(tmp_path, form(lines), name="later")
    assert counts(add(empty, later, earlier)) == (1, 1, 20, 20, 0)
    assert counts(add(empty, earlier)) == (0, 1, 0, 0, 0)
    other = log(tmp_path, form([*lines[:9], *bare(99)]), name="other")
    assert add(empty, other).records_indexed == 10


@pytest.mark.parametrize("form", [b"".join, array])
def test_a_byte_order_mark_and_the_last_line_end_make_no_other_log(empty, tmp_path, form):
    data, mark = form(bare(*range(9))), b"\xef\xbb\xbf"
    forms = [data, data[:-1], mark + data, mark + data[:-1], data + b"\n"]
    for number, first in enumerate(forms[:4]):
        workspace = Workspace.create(tmp_path / f"index {number}", key=KEY)
        assert add(workspace, log(tmp_path, first)).records_indexed == 9
        for other in forms:
            assert add(workspace, log(tmp_path, other)).records_indexed == 0
        longer = first.rstrip(b"]\n") + (b",\n" if form is array else b"\n") + form(bare(77)).lstrip(b"[\n")
        assert add(workspace, log(tmp_path, longer)).records_indexed == 1
