"""Every format and dialect by samples: what is in `samples` is what a record must say."""

import json
from pathlib import Path

import numpy as np
import pytest

from promptlog import formats
from promptlog.bodies import tools
from promptlog.reader import opened
from promptlog.times import to_iso

CASES = [
    pytest.param(case, id=case["case"])
    for file in sorted(Path(__file__).with_name("samples").glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]
NOTHING = {
    **dict.fromkeys(("request_id", "account", "account_field", "model", "ip", "user_agent"), ""),
    **dict.fromkeys(("organisation", "session", "system", "first_user", "last_user"), ""),
    "timestamp": None,
    "tools": [],
    "truncated": False,
    "user_turns": 0,
}


def line(case):
    return (case["line"] if "line" in case else json.dumps(case["entry"])).encode() + b"\n"


def shown(row):
    """Return a record with its time and tools as people read them."""
    row["timestamp"] = None if row["time_us"] is None else to_iso(row["time_us"])
    row["tools"] = tools.names(json.loads(row["tools"])) if row["tools"] else []
    if row["request_id"].startswith("line-"):
        row["request_id"] = "line"
    return {name: row[name] for name in NOTHING}


@pytest.mark.parametrize("case", CASES)
def test_a_sample_is_read_as_it_says(case, tmp_path):
    expect = dict(case["expect"])
    (path := tmp_path / "log").write_bytes(line(case))
    with opened(path) as log:
        known, _ = log.choice
        assert known is not None
        assert known.name == expect.pop("format")
        remark = expect.pop("remark", "")
        assert remark in known.remark(log.sample[0])
        assert bool(remark) == bool(known.remark(log.sample[0]))
        rows = [row for batch in log.batches() for row in batch.records.to_pylist()]
    if expect.pop("none", False):
        assert rows == []
        return
    [row] = map(shown, rows)
    assert row == {**NOTHING, "request_id": "line", **expect}


@pytest.mark.parametrize("case", CASES)
def test_no_two_formats_are_equally_sure(case):
    entry = formats.entry_of(line(case).rstrip(b"\n"))
    sure = sorted((known.recognises(entry) for known in formats.FORMATS), reverse=True)
    assert sure[0] > sure[1] or sure[0] == 0, "only envelopes are known to nobody"


@pytest.mark.parametrize("case", CASES)
def test_twenty_damaged_lines_do_not_change_the_format(case, tmp_path):
    random = np.random.default_rng(len(line(case)))
    damaged = [damage(line(case).rstrip(b"\n"), random) + b"\n" for _ in range(20)]
    (path := tmp_path / "log").write_bytes(b"".join(damaged) + line(case) * 15)
    with opened(path) as log:
        known, _ = log.choice
        assert known is not None
        assert known.name == formats.of_entry(log.sample[-1]).name


def damage(data, random):
    """Flip three bits of a line, or cut it."""
    if random.random() < 0.5:
        return data[: random.integers(1, len(data))]
    bits = np.frombuffer(data, np.uint8).copy()
    bits[random.integers(0, len(bits), 3)] ^= np.uint8(1 << random.integers(0, 8))
    return bits.tobytes().replace(b"\n", b"")
