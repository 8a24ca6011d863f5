import gzip
import hashlib
import io
import os
import sys
import tracemalloc
import zlib

import pytest
import zstandard

from promptlog import LogError, Reason
from promptlog.containers import Container, open_content
from promptlog.content import Mark
from promptlog.lines import cut_lines

TEXT = b"".join(b'{"n": %d, "text": "%s"}\n' % (i, b"ab" * (i % 50)) for i in range(5000))

PACKED = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip, two members": gzip.compress(TEXT[:70_001]) + gzip.compress(TEXT[70_001:]),
    "zstd": zstandard.compress(TEXT),
    "zstd, two frames": zstandard.compress(TEXT[:70_001]) + zstandard.compress(TEXT[70_001:]),
    "zstd, skippable frame first": b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(TEXT),
}


def read(path, *marks, **options):
    with open_content(path) as (container, content):
        content.resume(marks)
        return container, list(cut_lines(content.rest(), content.tally, **options))


def text_of(chunks):
    return b"".join(chunk.data for chunk in chunks)


def mark(offset):
    return Mark(offset, hashlib.sha256(TEXT[:offset]).hexdigest())


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "a.misleading.csv"
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("name", PACKED)
def test_magic_bytes_decide_and_offsets_count_unpacked_bytes(file, name):
    container, lines = read(file(PACKED[name]))
    assert container is Container(name.split(",")[0])
    assert text_of(lines) == TEXT
    assert all(TEXT[chunk.base :].startswith(chunk.data) for chunk in lines)


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("start", [1, 70_001, len(TEXT)])
def test_reading_goes_on_wherever_it_stopped_however_the_content_is_packed(file, name, start):
    _, chunks = read(file(PACKED[name]), mark(start))
    assert text_of(chunks) == TEXT[start:]
    assert not chunks or chunks[0].base == start


@pytest.mark.parametrize("name", PACKED)
def test_the_last_mark_that_content_agrees_with_is_found(file, name):
    wrong = Mark(100, "0" * 64)
    for marks, found, stands in [
        ([mark(9), mark(70_001), wrong], mark(70_001), 70_001),
        ([mark(9), wrong], mark(9), 100),
        ([wrong], None, 100),
        ([mark(9), Mark(len(TEXT) + 1, "0" * 64)], mark(9), len(TEXT)),
    ]:
        with open_content(file(PACKED[name])) as (_, content):
            assert content.resume(marks) == found
            assert content.tally.offset == stands


@pytest.mark.parametrize("name", [name for name in PACKED if name != "plain"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_torn_stream_gives_its_lines_and_one_gap(file, name, share):
    packed = PACKED[name]
    _, lines = read(file(packed[: int(len(packed) * share)]))
    *whole, last = lines
    assert [gap.reason for gap in last.gaps] == [Reason.DAMAGED]
    assert TEXT.startswith(text_of(whole))
    assert not any(chunk.gaps or chunk.unfinished for chunk in whole)


def test_a_torn_stream_loses_little(file):
    packed = gzip.compress(TEXT)
    _, lines = read(file(packed[:-4]))
    assert text_of(lines) == TEXT


def test_a_corrupt_stream_is_a_gap_too(file):
    member = zlib.compressobj(wbits=31)
    begun = member.compress(TEXT) + member.flush(zlib.Z_FULL_FLUSH)
    _, lines = read(file(begun + b"\x07 is no block"))
    assert text_of(lines) == TEXT
    assert lines[-1].gaps[0].reason is Reason.DAMAGED


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"SQLite format 3\0", "SQLite"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"BZh91AY", "bzip2"),
        ("[]".encode("utf-16"), "UTF-16"),
        ("[]".encode("utf-32"), "UTF-32"),
        (b"\0\0\xfe\xff" + "[]".encode("utf-32-be"), "UTF-32"),
        (b"logs/a.jsonl".ljust(257, b"\0") + b"ustar\x0000", "tar"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_what_is_not_read_is_named(file, head, word, pack):
    with pytest.raises(LogError, match=word):
        read(file(pack(head + b"\0" * 100)))


def test_an_archive_in_an_archive_is_refused(file):
    with pytest.raises(LogError, match="compressed twice"):
        read(file(gzip.compress(zstandard.compress(TEXT))))


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path):
    with pytest.raises(LogError, match="cannot be opened"):
        read(tmp_path / "missing")
    with pytest.raises(LogError, match="cannot be opened"):
        read(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\n", gzip.compress(b""), zstandard.compress(b"")])
def test_an_empty_log_has_no_text(file, data):
    _, lines = read(file(data))
    assert text_of(lines).strip() == b""


@pytest.mark.parametrize("name", PACKED)
def test_standard_input_is_read_as_a_file_is(monkeypatch, name):
    class Stdin:
        buffer = io.BytesIO(PACKED[name])

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert text_of(read("-")[1]) == TEXT
    assert not Stdin.buffer.closed


def test_a_pipe_that_delivers_byte_by_byte_is_recognised(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb", buffering=0) as feed:
        for byte in PACKED["gzip"][:3000]:
            feed.write(bytes([byte]))
        feed.close()
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
        assert read("-")[0] is Container.GZIP


def test_a_byte_order_mark_is_passed_once(file):
    mark = b"\xef\xbb\xbf"
    _, [chunk] = read(file(mark + mark + b"a\n" + mark + b"b\n"))
    assert (chunk.base, chunk.data) == (3, mark + b"a\n" + mark + b"b\n")


def bomb(pack, block, count):
    return b"".join(pack.compress(block) for _ in range(count)) + pack.flush()


def test_a_bomb_is_refused_and_never_held(file):
    data = bomb(zstandard.ZstdCompressor().compressobj(), bytes(1 << 20), 256)
    assert len(data) < 100_000
    path = file(data)
    tracemalloc.start()
    with pytest.raises(LogError, match="expands more than 500-fold"):
        read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


def test_a_bomb_of_blank_lines_is_refused(file):
    data = bomb(zlib.compressobj(9, zlib.DEFLATED, 31), b"\n" * (1 << 20), 100)
    with pytest.raises(LogError, match="expands more than 500-fold"):
        read(file(data))


def test_a_line_that_is_too_long_is_never_held(file):
    path = file(b"".join([b"a\n", bytes(48 << 20), b"\nb\n"]))
    tracemalloc.start()
    _, chunks = read(path, max_line=1 << 22)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [gap.reason for chunk in chunks for gap in chunk.gaps] == [Reason.TOO_LONG]
    assert text_of(chunks) == b"a\nb\n"
    assert peak < 32 << 20
