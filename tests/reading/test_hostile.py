"""What hostile lines and files end in, case by case: read, quarantined with a reason, or refused."""

import gzip
import hashlib
import io
import json
import struct
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from logsamples import START, line, litellm, log, metadata, records, skipped

import promptlog
from promptlog import LogError, Reason, describe
from promptlog.chunk import MAX_LINE

GOOD = line(litellm())


def said(text, **changes):
    return line(litellm(messages=[{"role": "user", "content": text}], **changes))


QUARANTINED = {
    "1 lone surrogate": (GOOD.replace(b"Solve", b"\\ud800"), Reason.LONE_SURROGATE),
    "2 NaN": (GOOD.replace(b'"u_17"', b"NaN"), Reason.BAD_NUMBER),
    "2 1e999": (GOOD.replace(b"1776816003.12", b"1e999"), Reason.BAD_NUMBER),
    "3 duplicate key": (GOOD.replace(b'"messages"', b'"messages": 1, "messages"'), Reason.DUPLICATE_KEY),
    "3 duplicate key, escaped": (b'{"b": [{"a": 1, "\\u0061": 2}]}\n', Reason.DUPLICATE_KEY),
    "4 nested 100,000 deep": (b"[" * 100_000 + b"\n", Reason.TOO_DEEP),
    "4 objects 100,000 deep": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n", Reason.TOO_DEEP),
    "6 5,000 digits": (GOOD.replace(b'"u_17"', b"9" * 5000), Reason.BAD_NUMBER),
    "7 invalid UTF-8": (GOOD.replace(b"Solve", b"\xc3("), Reason.NOT_UTF8),
    "10 a line over the cap": (GOOD.replace(b"Solve", b"x" * (65 << 20)), Reason.TOO_LONG),
    "13 account is a list": (GOOD.replace(b'"u_17"', b'["u_17"]'), Reason.BAD_ACCOUNT),
    "14 time 10^18": (GOOD.replace(b"1776816003.12", b"1000000000000000000"), Reason.BAD_TIME),
    "14 time of 400 digits": (GOOD.replace(b"1776816003.12", b"9" * 400), Reason.BAD_TIME),
    "14 time negative": (GOOD.replace(b"1776816003.12", b"-1776816003.12"), Reason.BAD_TIME),
    "21 10^6 keys": (
        GOOD.replace(b"{", b"{" + b"".join(b'"k%d":1,' % n for n in range(10**6)), 1),
        Reason.TOO_MANY_KEYS,
    ),
    "21 10^7 values": (b'{"a": [' + b"{}," * 10**7 + b"{}]}\n", Reason.TOO_MANY_VALUES),
    "23 100,000 combining marks": (said("a" + "\u0301" * 100_000), Reason.TOO_MANY_MARKS),
    "other JSON": (b'{"hello": 1}\n', Reason.UNKNOWN_SHAPE),
    "no object": (b"[1, 2]\n", Reason.UNKNOWN_SHAPE),
    "no JSON": (b"Traceback (most recent call last):\n", Reason.NOT_JSON),
    "torn in the middle": (GOOD[:100] + b"\n", Reason.NOT_JSON),
}


@pytest.mark.parametrize("name", QUARANTINED)
def test_a_hostile_line_is_quarantined_with_its_place_reason_and_hash(tmp_path, name):
    bad, reason = QUARANTINED[name]
    path = log(tmp_path, GOOD, GOOD, bad, GOOD)
    digest = hashlib.sha256(bad.removesuffix(b"\n")).hexdigest()
    assert skipped(path) == [promptlog.SkippedLine(str(path), 2 * len(GOOD), reason, digest)]
    assert len(records(path)) == 3
    assert sum(batch.lines for batch in promptlog.read(path)) == 4


def read_one(tmp_path, *data):
    [row] = records(log(tmp_path, *data))
    return row


def test_case_5_ids_are_texts_however_large_the_number(tmp_path):
    assert read_one(tmp_path, line(litellm(id=2**70)))["request_id"] == str(2**70)


@pytest.mark.parametrize("text", ["NUL \0", "CR \r", "VT \v", "line separator \u2028", "next line \x85"])
def test_cases_8_and_12_control_characters_are_kept_and_break_no_line(tmp_path, text):
    assert read_one(tmp_path, said(text + " end"))["first_user"] == text + " end"


def test_case_9_a_byte_order_mark_is_stripped_once(tmp_path):
    mark = b"\xef\xbb\xbf"
    assert read_one(tmp_path, mark + GOOD)["request_id"] == "chatcmpl-1"
    [bad] = skipped(log(tmp_path, mark, GOOD, mark, GOOD))
    assert (bad.reason, bad.offset) == (Reason.NOT_JSON, 3 + len(GOOD))


def test_case_11_a_torn_last_line_is_held_until_it_is_complete(tmp_path):
    *_, last = promptlog.read(log(tmp_path, GOOD, GOOD[:100]))
    assert (last.waiting.reason, last.waiting.offset, last.skipped) == (Reason.TORN, len(GOOD), ())


def test_case_14_units_may_be_mixed(tmp_path):
    times = [START, round(START * 1000), round(START * 10**6), round(START * 10**9)]
    rows = records(log(tmp_path, *(line(litellm(startTime=time)) for time in times)))
    assert {row["time_us"] for row in rows} == {round(START * 10**6)}


def test_case_15_a_wrong_clock_is_kept_and_flagged(tmp_path):
    path = log(tmp_path, *(line(litellm(startTime=START + day * 86_400)) for day in (0, 1, 2, -3, 3)))
    assert [row["time_us"] // 86_400_000_000 for row in records(path)] == [20565, 20566, 20567, 20562, 20568]
    assert describe(path).problems == [
        "time is a day and more before that of an earlier line in 1 of 5 records"
    ]


def test_case_16_one_id_with_other_contents_is_kept_twice(tmp_path):
    rows = records(log(tmp_path, said("Solve"), said("Prove")))
    assert [row["first_user"] for row in rows] == ["Solve", "Prove"]


def test_case_17_an_empty_text_is_read(tmp_path):
    assert read_one(tmp_path, said(""))["first_user"] == ""


def bomb(level, block, count):
    packer = zstandard.ZstdCompressor(level=level).compressobj()
    return b"".join(packer.compress(block) for _ in range(count)) + packer.flush()


def table(rows):
    file = io.BytesIO()
    with pq.ParquetWriter(file, pa.schema({"prompt": pa.string()})) as writer:
        for _ in range(rows // 10**6):
            writer.write_table(pa.table({"prompt": pa.repeat("Solve", 10**6)}))
    return file.getvalue()


REFUSED = {
    "18 zstd of 256 MiB of zeros": (lambda: bomb(19, bytes(1 << 20), 256), "expands more than 500-fold"),
    "18 zstd of equal lines": (lambda: bomb(3, GOOD * 1000, 200), "expands more than 500-fold"),
    "19 Parquet of 10^7 equal rows": (lambda: table(10**7), "claims 10,000,000 rows"),
    "20 zstd in gzip": (lambda: gzip.compress(zstandard.compress(GOOD)), "compressed twice"),
    "20 Parquet in gzip": (lambda: gzip.compress(b"PAR1" + bytes(99)), "packed Parquet"),
    "20 zip": (lambda: b"PK\x03\x04" + bytes(99), "zip archive"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bomb_is_refused_in_words(tmp_path, name):
    make, words = REFUSED[name]
    with pytest.raises(LogError, match=words):
        records(log(tmp_path, make()))


@pytest.mark.parametrize(
    "text",
    ["(litellm_truncated skipped " * 20_000, "..." * 100_000, "user_0a_account_" * 20_000, "a" * 10**6 + "!"],
)
def test_case_22_no_text_keeps_a_pattern_busy(tmp_path, text):
    rows = records(
        log(
            tmp_path,
            said(text),
            line(litellm(metadata=metadata(user_api_key_user_id="user_" + text))),
            json.dumps({"text": text}).encode() + b"\n",
            text.encode() + b"\n",
            f"INFO 01-01 00:00:00 Received request {text}: prompt: '{text}".encode() + b"\n",
        )
    )
    assert len(rows) >= 2


def test_an_entry_made_to_trip_detection_spoils_nothing(tmp_path):
    """What is packed in an envelope is hostile in itself."""
    inside = {"_raw": '{"a": {"b": 1, "b": 2}}', "log": '{"a": NaN}'}
    path = log(tmp_path, line(inside), GOOD, line(inside), GOOD)
    assert len(records(path)) == 2
    assert [bad.offset for bad in skipped(path)] == [0, len(line(inside)) + len(GOOD)]
    assert describe(path).format == "litellm"


def test_case_1_a_lone_surrogate_that_python_wrote_is_quarantined(tmp_path):
    said = "INFO 01-01 00:00:00 [logger.py:39] Received request {}: prompt: '{}', params: x\n"
    path = log(tmp_path, said.format("a", "Solve").encode(), said.format("b", "\\ud800").encode())
    assert [bad.reason for bad in skipped(path)] == [Reason.LONE_SURROGATE]
    assert [row["request_id"] for row in records(path)] == ["a"]


RANDOM = Random(5).randbytes(300_000)
NO_LOGS = {
    "random bytes": RANDOM,
    "few": RANDOM[:40].replace(b"\n", b"x"),
    "in gzip": gzip.compress(RANDOM),
    "behind a brace": b'{"' + RANDOM,
    "behind a bracket": b"[{" + RANDOM,
    "zeros": bytes(5000),
    "a program": b"\x7fELF\2\1\1" + struct.pack("<500Q", *range(500)),
}


@pytest.mark.parametrize("name", NO_LOGS)
@pytest.mark.parametrize("format", [None, "litellm"])
def test_what_is_no_text_is_refused_with_its_cause(tmp_path, name, format):
    path = log(tmp_path, NO_LOGS[name])
    with pytest.raises(LogError, match=r"is no log: [0-9]+% of its first bytes are control characters"):
        list(promptlog.read(path, format=format))
    [problem] = describe(path, format=format).problems
    assert "is no log" in problem


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd"])
def test_an_archive_of_which_nothing_can_be_had_is_refused(tmp_path, magic):
    path = log(tmp_path, magic + RANDOM)
    with pytest.raises(LogError, match="nothing of it could be unpacked"):
        records(path)
    assert "damaged from its beginning" in describe(path).problems[0]


def test_one_line_that_is_too_long_is_said_to_be_that(tmp_path):
    path = log(tmp_path, b'{"model": "' + b"x" * MAX_LINE + b'"}')
    assert records(path) == []
    assert [each.reason for each in skipped(path)] == [Reason.TOO_LONG]


def test_an_array_on_one_line_is_read_as_far_as_its_archive_goes(tmp_path):
    whole = gzip.compress(
        json.dumps([litellm(id=f"r{i}", end_user=f"{i * i}") for i in range(3000)]).encode()
    )
    path = log(tmp_path, whole[: len(whole) // 2])
    assert len(records(path)) > 300
    assert describe(path).format == "litellm"


@pytest.mark.parametrize("count", [20, 60, 300])
@pytest.mark.parametrize("sound", [1, 100])
def test_a_log_is_read_whose_first_lines_are_random_bytes(tmp_path, count, sound):
    random = Random(count)
    damaged = [random.randbytes(900).replace(b"\n", b"x") + b"\n" for _ in range(count)]
    path = log(tmp_path, *damaged, GOOD * sound)
    assert len(records(path)) == sound
    assert len(skipped(path)) == count


def test_a_log_that_a_crash_left_full_of_zeros_is_read(tmp_path):
    path = log(tmp_path, bytes(1 << 20) + b"\n", GOOD)
    assert len(records(path)) == 1
