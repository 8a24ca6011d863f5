import hashlib

from hypothesis import given
from hypothesis import strategies as st

from promptlog.lines import DamagedStream, Gap, Line, split
from promptlog.reasons import Reason


def pairs(blocks, **options):
    return [(line.offset, line.data) for line in split(blocks, **options)]


def test_a_line_may_span_blocks():
    assert pairs([b"on", b"e\ntw", b"o\n"]) == [(0, b"one"), (4, b"two")]


def test_only_a_newline_ends_a_line():
    text = "a\u2028b\vc\rd\x85e".encode()
    assert pairs([text + b"\n"]) == [(0, text)]


def test_crlf_and_lf_give_the_same_lines_at_their_own_offsets():
    assert pairs([b"one\r\n\r\ntwo\r", b"\n"]) == [(0, b"one"), (5, b""), (7, b"two")]


def test_a_byte_order_mark_is_stripped_once():
    mark = b"\xef\xbb\xbf"
    assert pairs([mark + mark + b"a\n" + mark + b"b\n"]) == [(0, mark + b"a"), (8, mark + b"b")]


def test_a_last_line_without_a_newline_is_not_whole():
    assert list(split([b"one\ntwo"])) == [Line(0, 4, b"one", True), Line(4, 7, b"two", False)]


def test_a_line_over_the_cap_is_skipped_with_the_hash_of_all_of_it():
    long = b"x" * 25
    digest = hashlib.sha256(long).hexdigest()
    for blocks in ([b"a\n" + long + b"\nb\n"], [b"a\n", long[:10], long[10:], b"\nb\n"]):
        assert list(split(blocks, max_line=20)) == [
            Line(0, 2, b"a", True),
            Gap(2, 28, Reason.TOO_LONG, digest),
            Line(28, 30, b"b", True),
        ]


def test_the_cap_itself_is_allowed():
    assert pairs([b"x" * 20 + b"\n" + b"y" * 20 + b"\n"], max_line=20) == [(0, b"x" * 20), (21, b"y" * 20)]


def test_damage_ends_in_a_gap_that_holds_the_unfinished_line():
    def blocks():
        yield b"one\ntw"
        raise DamagedStream

    assert list(split(blocks())) == [
        Line(0, 4, b"one", True),
        Gap(4, 6, Reason.DAMAGED, hashlib.sha256(b"tw").hexdigest()),
    ]


@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=8), st.integers(1, 30))
def test_lines_and_gaps_cover_the_stream_however_it_is_cut(data, sizes, cap):
    blocks, rest = [], data
    for size in sizes:
        blocks.append(rest[:size])
        rest = rest[size:]
    found = list(split([*blocks, rest], max_line=cap))
    assert [line.offset for line in found] == [0, *(line.end for line in found)][: len(found)]
    assert (found[-1].end if found else 0) == len(data)
    assert found == list(split([data], max_line=cap))
