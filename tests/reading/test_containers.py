import gzip
import io
import os
import sys
import tracemalloc

import pytest
import zstandard

from promptlog import LogError, Reason
from promptlog.containers import Container, open_log
from promptlog.lines import Gap

TEXT = b"".join(b'{"n": %d, "text": "%s"}\n' % (i, b"ab" * (i % 50)) for i in range(5000))

PACKED = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip, two members": gzip.compress(TEXT[:70_001]) + gzip.compress(TEXT[70_001:]),
    "zstd": zstandard.compress(TEXT),
    "zstd, two frames": zstandard.compress(TEXT[:70_001]) + zstandard.compress(TEXT[70_001:]),
    "zstd, skippable frame first": b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(TEXT),
}


def read(path, **options):
    with open_log(path, **options) as log:
        return log.container, list(log.lines)


def text_of(lines):
    return b"".join(line.data + b"\n" for line in lines if not isinstance(line, Gap))


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
    assert all(TEXT[line.offset :].startswith(line.data) for line in lines[::97])


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("start", [1, 70_001, len(TEXT)])
def test_reading_starts_anywhere(file, name, start):
    _, lines = read(file(PACKED[name]), start=start)
    assert text_of(lines) == TEXT[start:]
    assert not lines or lines[0].offset == start


@pytest.mark.parametrize("name", PACKED)
def test_a_file_that_shrank_since_is_an_error(file, name):
    with pytest.raises(LogError, match="cut or replaced"):
        read(file(PACKED[name]), start=len(TEXT) + 1)


@pytest.mark.parametrize("name", [name for name in PACKED if name != "plain"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_torn_stream_gives_its_lines_and_one_gap(file, name, share):
    packed = PACKED[name]
    _, lines = read(file(packed[: int(len(packed) * share)]))
    *whole, gap = lines
    assert gap.reason is Reason.DAMAGED
    assert TEXT.startswith(text_of(whole))
    assert not any(isinstance(line, Gap) for line in whole)


def test_a_torn_stream_loses_little(file):
    packed = gzip.compress(TEXT)
    _, lines = read(file(packed[:-4]))
    assert len(text_of(lines)) > 0.95 * len(TEXT)


def test_a_corrupt_stream_is_a_gap_too(file):
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    _, lines = read(file(bytes(packed)))
    assert lines[-1].reason is Reason.DAMAGED


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"PAR1\x15\x04", "Parquet"),
        (b"SQLite format 3\0", "SQLite"),
        (b"PK\x03\x04\x14\0", "zip"),
        (b"BZh91AY", "bzip2"),
        ("[]".encode("utf-16"), "UTF-16"),
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


def test_a_bomb_is_one_long_line_that_is_never_held(file):
    packer = zstandard.ZstdCompressor().compressobj()
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    assert len(bomb) < 100_000
    path = file(bomb)
    tracemalloc.start()
    _, lines = read(path, max_line=1 << 22)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(line.reason, line.end) for line in lines] == [(Reason.TOO_LONG, 256 << 20)]
    assert peak < 16 << 20
