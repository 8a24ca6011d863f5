import hashlib

from hypothesis import given
from hypothesis import strategies as st

from promptlog.chunk import Gap, Tally
from promptlog.lines import DamagedStream, cut_lines
from promptlog.reasons import Reason


def cut(blocks, **options):
    return list(cut_lines(blocks, Tally(), **options))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_a_chunk_ends_where_a_line_ends():
    assert [(chunk.base, chunk.data) for chunk in cut([b"on", b"e\ntw", b"o\n"])] == [
        (0, b"one\n"),
        (4, b"two\n"),
    ]


def test_a_chunk_knows_the_hash_of_all_before_its_end():
    content = b"one\ntwo\nthree"
    for chunk in cut([content[:6], content[6:]]):
        assert chunk.sha256 == sha256(content[: chunk.end])


def test_a_last_line_without_a_newline_comes_alone_and_unfinished():
    whole, last = cut([b"one\ntwo"])
    assert (whole.data, whole.unfinished) == (b"one\n", False)
    assert (last.data, last.base, last.end, last.unfinished) == (b"two", 4, 7, True)


def test_a_line_over_the_cap_is_a_gap_with_the_hash_of_all_of_it():
    long = b"x" * 25
    first, gap, last = cut([b"a\n", long[:10], long[10:], b"\nb\n"], max_line=8)
    assert (first.data, last.data, last.base) == (b"a\n", b"b\n", 28)
    assert (gap.gaps, gap.end, gap.data) == ((Gap(2, Reason.TOO_LONG, sha256(long)),), 28, b"")
    assert gap.sha256 == sha256(b"a\n" + long + b"\n")


def test_damage_ends_in_a_gap_that_holds_the_unfinished_line_and_does_not_pass():
    def blocks():
        yield b"one\ntw"
        raise DamagedStream

    whole, torn = cut(blocks())
    assert whole.data == b"one\n"
    assert (torn.end, torn.gaps) == (4, (Gap(4, Reason.DAMAGED, sha256(b"tw")),))


@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=8), st.integers(1, 30))
def test_chunks_and_gaps_cover_the_content_however_it_is_cut(data, sizes, cap):
    blocks, rest = [], data
    for size in sizes:
        blocks.append(rest[:size])
        rest = rest[size:]
    found = cut([*blocks, rest], max_line=cap)
    end = 0
    for chunk in found:
        assert bool(chunk.data) != bool(chunk.gaps)
        assert (chunk.base if chunk.data else chunk.gaps[0].offset) == end
        if chunk.data:
            assert data[end : chunk.end] == chunk.data
        else:
            assert data[end : chunk.end].count(b"\n") <= 1
        end = chunk.end
        assert chunk.sha256 == sha256(data[:end])
    assert end == len(data)
