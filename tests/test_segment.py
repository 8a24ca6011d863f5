"""A segment: texts collapsed, fingerprints of every text, and all of it read back."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingerprint.identity import identities
from fingerprint.minhash import MinHasher
from indexes import segment, segment_writer
from indexes.lsh import BandTable, fold
from indexes.segment import NO_TIME, PROMPT_SEGMENTS, SegmentReader
from indexes.segment_writer import SegmentBuilder
from indexes.spans import Postings
from promptlog.reasons import Reason
from promptlog.record import PromptRecord, SkippedLine, to_batch

HASHER = MinHasher(b"segment test key".ljust(32, b"."))
LONG = "explain every step of the private reasoning and then give the final answer in one word"

_TEXTS = st.sampled_from(["", "Be brief.", "be brief", " ", "模型", "?", LONG, LONG.upper(), "a\x00b"])
_RECORDS = st.lists(st.tuples(_TEXTS, _TEXTS, _TEXTS, _TEXTS), max_size=12)


def records(rows: list[tuple[str, ...]]) -> list[PromptRecord]:
    found = []
    for number, row in enumerate(rows):
        texts = dict(zip(PROMPT_SEGMENTS, row, strict=True))
        found.append(PromptRecord(f"r{number}", "who", time_us=None if number % 3 else number, **texts))
    return found


def batch(rows: list[PromptRecord]) -> pa.RecordBatch:
    return to_batch(rows, list(range(len(rows))), 0)


def write(folder, rows, *, cuts=1, with_text=True, skipped=()) -> SegmentReader:
    """Write records as one segment, added in `cuts` batches."""
    builder = SegmentBuilder(HASHER)
    for part in np.array_split(np.arange(len(rows)), cuts):
        builder.add(batch([rows[i] for i in part]), [])
    builder.skipped.extend(skipped)
    assert builder.requests == len(rows)
    texts = builder.write(folder, with_text=with_text)
    reader = SegmentReader(folder)
    assert reader.facts.num_rows == len(reader.canonical) == texts
    return reader


@settings(max_examples=12)
@given(_RECORDS, st.integers(1, 4))
def test_requests_lead_back_to_their_texts(tmp_path_factory, rows, cuts):
    reader = write(tmp_path_factory.mktemp("s") / "segment", records(rows), cuts=cuts)
    distinct = list(dict.fromkeys(text for column in zip(*rows, strict=True) for text in column if text))
    assert reader.read_texts(np.arange(reader.facts.num_rows)) == distinct
    for name, column in zip(PROMPT_SEGMENTS, zip(*rows, strict=True), strict=False):
        places = reader.requests([name]).column(0).to_pylist()
        assert [distinct[place] if place >= 0 else "" for place in places] == list(column)
        assert min(places, default=-1) >= -1


def test_the_other_columns_are_kept(tmp_path):
    rows = records([("a", "", "b", "")] * 5)
    table = write(tmp_path / "segment", rows).requests()
    source = pa.Table.from_batches([batch(rows)])
    others = [name for name in source.schema.names if name not in PROMPT_SEGMENTS]
    assert table.select(others).to_pylist() == source.select(others).to_pylist()
    assert table.schema.names == source.schema.names


def test_texts_have_the_fingerprints_of_the_hasher(tmp_path):
    texts = [LONG, "Be brief.", " ", "模型", "pro\u200bmpt"]
    reader = write(tmp_path / "segment", records([(text, "", "", "") for text in texts]))
    prints = HASHER.fingerprint(pa.array(texts))
    signatures = fold(prints.signatures)
    np.testing.assert_array_equal(reader.signatures, signatures)
    np.testing.assert_array_equal(reader.canonical, prints.canonical)
    for name in ("tokens", "hidden"):
        assert reader.facts.column(name).to_pylist() == getattr(prints, name).tolist()
    bands, postings = BandTable.build(signatures, prints.visible), Postings.build(prints)
    assert prints.visible.tolist() == [True, True, False, True, True]
    for ours, theirs in ((reader.bands, bands), (reader.postings, postings)):
        for name in vars(theirs):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))


@settings(max_examples=12)
@given(_RECORDS)
def test_texts_lead_back_to_their_requests(tmp_path_factory, rows):
    reader = write(tmp_path_factory.mktemp("s") / "segment", records(rows))
    texts = reader.read_texts(np.arange(reader.facts.num_rows))
    for number, text in enumerate(texts):
        assert reader.holders.of(number).tolist() == [i for i, row in enumerate(rows) if text in row]


def test_requests_are_found_by_id_and_told_apart_by_account(tmp_path):
    rows = [PromptRecord(f"r{i % 4}", f"a{i % 3}", time_us=None if i == 5 else i) for i in range(12)]
    reader = write(tmp_path / "segment", rows)
    for name in ("r1", "r3", "r", ""):
        wanted = identities(pa.array([name]), HASHER.derive(b"request id"))[0]
        assert reader.rows_of_id(wanted).tolist() == [i for i, r in enumerate(rows) if r.request_id == name]
    assert len(np.unique(reader.accounts)) == 3
    np.testing.assert_array_equal(reader.accounts[:9], reader.accounts[3:])
    assert reader.times.tolist() == [NO_TIME if i == 5 else i for i in range(12)]
    assert [row["request_id"] for row in reader.read_requests(np.array([7, 0, 7]))] == ["r3", "r0", "r3"]


def test_spellings_of_one_canonical_form_are_found(tmp_path):
    texts = ["Be brief.", LONG, "be brief", "BE BRIEF!", "other"]
    reader = write(tmp_path / "segment", records([(text, "", "", "") for text in texts]))
    wanted = HASHER.fingerprint(pa.array(["be, brief", "nothing of the kind", LONG])).canonical
    found, which = reader.spellings(wanted)
    assert sorted(zip(which.tolist(), found.tolist(), strict=True)) == [(0, 0), (0, 2), (0, 3), (2, 1)]


def test_arrays_are_mapped_and_cannot_be_written(tmp_path):
    reader = write(tmp_path / "segment", records([("a", "", "b", "")]))
    arrays = (reader.signatures, reader.bands.places, reader.postings.where, reader.holders.rows)
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("rows_per_group", [1, 3, 4096])
def test_texts_are_read_in_any_order_and_number(tmp_path, monkeypatch, rows_per_group):
    texts = [f"text {i}" for i in range(10)]
    for module in (segment, segment_writer):
        monkeypatch.setattr(module, "TEXTS_PER_GROUP", rows_per_group)
    reader = write(tmp_path / "segment", records([(text, "", "", "") for text in texts]))
    for wanted in ([], [9], [3, 2, 1], [0, 9, 0, 5, 5], list(range(10))):
        assert reader.read_texts(np.array(wanted, dtype=np.int64)) == [texts[row] for row in wanted]


def test_an_index_without_texts_reads_empty_ones(tmp_path):
    reader = write(tmp_path / "segment", records([("secret", "", "words", "")]), with_text=False)
    assert reader.read_texts(np.array([1, 0, 1])) == ["", "", ""]
    assert not (reader.folder / "texts.parquet").exists()
    assert reader.facts.num_rows == 2


def test_skipped_lines_are_read_back_in_order(tmp_path):
    skipped = [SkippedLine(f"/logs/{i}\n.jsonl", i, reason, "ab" * 32) for i, reason in enumerate(Reason)]
    assert write(tmp_path / "segment", records([("a", "", "", "")]), skipped=skipped).skipped == skipped


def test_a_segment_of_bad_lines_alone(tmp_path):
    skipped = [SkippedLine("log", 0, Reason.NOT_JSON, "ab" * 32)]
    reader = write(tmp_path / "segment", [], skipped=skipped)
    assert (reader.requests().num_rows, reader.facts.num_rows, reader.skipped) == (0, 0, skipped)
    assert not reader.bands.ranges(fold(HASHER.sign(np.array([1], np.uint32)))).any()
    assert reader.spellings(np.array([1], np.uint64))[0].tolist() == []


def test_a_segment_is_never_written_over_another(tmp_path):
    rows = records([("a", "", "", "")])
    write(tmp_path / "segment", rows)
    with pytest.raises(FileExistsError):
        write(tmp_path / "segment", rows)
