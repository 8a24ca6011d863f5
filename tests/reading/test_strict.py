import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlog import Reason, strict
from promptlog.reasons import Skip

HOSTILE = {
    b'{"a": "\\ud800"}': Reason.LONE_SURROGATE,
    b'{"\\udfff": 1}': Reason.LONE_SURROGATE,
    b'{"a": NaN}': Reason.BAD_NUMBER,
    b'{"a": -Infinity}': Reason.BAD_NUMBER,
    b'{"a": 1e999}': Reason.BAD_NUMBER,
    b'{"a": ' + b"9" * 5000 + b"}": Reason.BAD_NUMBER,
    b'{"a": 1, "a": 1}': Reason.DUPLICATE_KEY,
    b'{"b": [{"a": 1, "\\u0061": 2}]}': Reason.DUPLICATE_KEY,
    b"[" * 100_000 + b"]" * 100_000: Reason.TOO_DEEP,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000: Reason.TOO_DEEP,
    b'{"a": "\xff"}': Reason.NOT_UTF8,
    b'{"a": "\xed\xa0\x80"}': Reason.NOT_UTF8,
    b'{"a": "\x01"}': Reason.NOT_JSON,
    b'{"a": 1': Reason.NOT_JSON,
    b"{} {}": Reason.NOT_JSON,
    b"": Reason.NOT_JSON,
}


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: repr(line[:24]))
def test_each_hostile_line_has_its_reason(line):
    with pytest.raises(Skip) as caught:
        strict.decode(line)
    assert caught.value.reason is HOSTILE[line]


def test_what_is_only_unusual_is_read():
    assert strict.decode(b'{"a": "\\u0000", "b": "\\ud83d\\ude00"}\r') == {
        "a": "\0",
        "b": "\N{GRINNING FACE}",
    }
    assert strict.decode(b"1180591620717411303424") == 2**70


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON, st.booleans())
def test_it_reads_what_json_writes(value, ascii_only):
    assert strict.decode(json.dumps(value, ensure_ascii=ascii_only).encode()) == value
