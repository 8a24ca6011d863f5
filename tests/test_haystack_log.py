"""The haystack's logs: the same from a seed, readable, and holding what their truth says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from haystack_log.hot import KEY, Hot
from haystack_log.operations import FULL, LEAST_ACCOUNTS, OPERATIONS, planted
from haystack_log.rows import WINDOW_MS
from haystack_log.templates import PLAIN, Templates
from haystack_log.world import build
from haystack_log.write import size_of, write

from fingerprint.minhash import MinHasher
from indexes.lsh import BANDS, band_keys
from promptlog import read

SEED, REQUESTS = 5, 6000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("haystack")
    write(folder, SEED, REQUESTS)
    return folder


@pytest.fixture(scope="module")
def table(folder: Path) -> pa.Table:
    return read_log(folder)


def read_log(folder: Path) -> pa.Table:
    batches = [
        batch
        for part in ("log", "last")
        for path in sorted((folder / part).iterdir())
        for batch in read(path)
    ]
    assert not any(batch.skipped for batch in batches)
    return pa.Table.from_batches([batch.records for batch in batches])


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_seed_gives_the_same_bytes(folder, tmp_path):
    write(tmp_path, SEED, REQUESTS)
    assert files_of(tmp_path) == files_of(folder)
    write(tmp_path, SEED + 1, REQUESTS)
    assert files_of(tmp_path)["log/part-000.jsonl.zst"] != files_of(folder)["log/part-000.jsonl.zst"]


def test_every_line_is_read_in_the_order_of_time(table):
    assert len(set(table["request_id"].to_pylist())) == len(table) == REQUESTS
    time = table["time_us"].to_numpy()
    assert (np.diff(time) >= 0).all()
    assert np.ptp(time) <= WINDOW_MS * 1000
    assert set(table["account_field"].to_pylist()) == {"metadata.user_api_key_user_id"}


def test_the_size_says_what_was_written(folder, table):
    size = size_of(folder)
    assert size is not None
    assert size.requests == REQUESTS
    assert size.compressed_bytes == sum(len(b) for name, b in files_of(folder).items() if "jsonl" in name)
    assert size_of(folder / "log") is None


def test_the_truth_names_requests_of_the_log_with_their_accounts(folder, table):
    sender = dict(zip(table["request_id"].to_pylist(), table["account"].to_pylist(), strict=True))
    truth = pq.read_table(folder / "truth.parquet").to_pylist()
    assert truth
    assert all(sender[row["request_id"]] == row["account"] for row in truth)
    assert Counter(row["campaign"] for row in truth) == size_of(folder).campaigns


def test_lengths_are_those_of_prompts(table):
    words = [len(text.split()) for text in table["first_user"].to_pylist()]
    assert 40 <= np.median(words) <= 80
    assert 100 <= np.mean(words) <= 250


def test_unrelated_prompts_share_no_run_of_eight_words(table):
    rows = build(SEED, REQUESTS).rows
    plain = np.flatnonzero((rows["template"] == PLAIN) & (rows["words"] > 8))
    texts = set(table["first_user"].take(plain).to_pylist())
    held = Counter(run for text in texts for run in runs(text))
    assert len(texts) > REQUESTS // 3
    assert held.most_common(1)[0][1] == 1


def test_the_requests_of_a_campaign_share_its_text_and_no_task(folder, table):
    truth = pq.read_table(folder / "truth.parquet").to_pylist()
    mine = {row["request_id"] for row in truth if row["campaign"] == "inline"}
    texts = [row["first_user"] for row in table.to_pylist() if row["request_id"] in mine]
    held = Counter(run for text in texts for run in runs(text))
    assert len(set(texts)) == len(texts)
    assert held.most_common(1)[0][1] == len(texts)


def runs(text: str) -> set[str]:
    """Return the runs of eight words of a text."""
    words = text.split()
    return {" ".join(words[i : i + 8]) for i in range(len(words) - 7)}


def test_campaigns_shrink_with_the_log_and_leave_it_before_they_are_too_small():
    assert planted(FULL) == OPERATIONS
    for size in (20_000, 200_000, 2_880_000):
        assert planted(size)
        assert all(LEAST_ACCOUNTS <= o.size(size) < o.accounts for o in planted(size))
        share = sum(o.size(size) * o.requests for o in planted(size)) / size
        assert 0.005 <= share <= 0.04


def test_what_is_hot_collides_as_it_should(tmp_path):
    write(tmp_path, SEED, 1000, Hot(identical=300, band=300))
    texts = Counter(read_log(tmp_path)["first_user"].to_pylist())
    assert texts.most_common(1)[0][1] == 300
    template = len(build(SEED, 1000, Hot(identical=300, band=300)).campaign) - 1
    rows = build(SEED, 1000, Hot(identical=300, band=300)).rows
    colliding = read_log(tmp_path)["first_user"].take(np.flatnonzero(rows["template"] == template))
    signatures = MinHasher(KEY).fingerprint(colliding.combine_chunks()).signatures
    same = [int(np.unique(band_keys(signatures, band), return_counts=True)[1].max()) for band in range(BANDS)]
    assert len(signatures) == 300
    assert sorted(same)[-1] >= 295
    assert sorted(same)[-2] <= 30
    assert (signatures[0] == signatures[1:]).mean() < 0.2


def test_a_template_with_too_many_shares_is_refused():
    with pytest.raises(ValueError, match="1 slots and 2 shares"):
        Templates().add("{} here", shares=(0.5, 0.5))
