"""The whole way, from log lines to the report, on the demo's log with its planted campaigns."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import msgspec
import pytest

from campaigns.find import find_campaigns
from campaigns.report import CampaignReport, encode
from campaigns.templates import SLOT
from demo import build
from demo.grammar import load
from fingerprint.bulk import load_bulk_encoder
from fingerprint.canonical import tokens
from indexes.embed import embed_prompts, worth_embedding
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace

KEY = bytes(range(32))


def report_of(rows: list[dict[str, object]], folder: Path, **options: object) -> CampaignReport:
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    workspace = Workspace.create(folder / "index", key=KEY, **options)  # type: ignore[arg-type]
    ingest(workspace, [log])
    return find_campaigns(Snapshot(Workspace.open(folder / "index")))


@pytest.fixture(scope="module")
def demo_log():
    return build()


@pytest.fixture(scope="module")
def report(demo_log, tmp_path_factory):
    return report_of(demo_log.requests, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def owners(demo_log):
    """Campaign accounts and the scenario of each."""
    account = {row["id"]: row["metadata"]["user_api_key_user_id"] for row in demo_log.requests}
    return {account[r]: t.scenario for r, t in demo_log.truth.items() if t.label == "campaign"}


def test_every_planted_campaign_is_found_and_no_honest_account_flagged(report, owners):
    size, held = Counter(owners.values()), defaultdict(set)
    for campaign in report.alerts:
        assert set(campaign.accounts) <= owners.keys()
        for account in campaign.accounts:
            held[owners[account]].add(account)
    assert {name: len(held[name]) / n for name, n in size.items()} == pytest.approx(
        dict.fromkeys(size, 1), abs=0.1
    )


def test_cover_traffic_is_not_accused(report, demo_log):
    accused = {request for campaign in report.alerts for request in campaign.requests}
    labels = Counter(demo_log.truth[request].label for request in accused)
    assert labels["campaign"] >= 0.99 * labels.total()


def test_a_log_without_campaigns_raises_no_alert(demo_log, owners, tmp_path):
    honest = [row for row in demo_log.requests if row["metadata"]["user_api_key_user_id"] not in owners]
    assert report_of(honest, tmp_path).alerts == ()


def test_blank_network_fields_change_no_verdict(report, demo_log, tmp_path):
    blank = [
        {
            **row,
            "requester_ip_address": "",
            "user_agent": "",
            "metadata": {**row["metadata"], "user_api_key_team_id": None},
        }
        for row in demo_log.requests
    ]
    without = report_of(blank, tmp_path)
    assert {c.id for c in without.alerts} == {c.id for c in report.alerts}
    with_metadata = {c.id: c.score_without_metadata for c in report.alerts}
    assert {c.id: c.score for c in without.alerts} == pytest.approx(with_metadata, abs=1e-4)


def test_the_same_log_and_key_give_the_same_bytes(report, demo_log, tmp_path):
    assert encode(report_of(demo_log.requests, tmp_path)) == encode(report)


def test_vectors_take_nothing_from_what_words_find(report, demo_log, tmp_path):
    report_of(demo_log.requests, tmp_path)
    snapshot = Snapshot(Workspace.open(tmp_path / "index"))
    embed_prompts(snapshot, worth_embedding(snapshot), load_bulk_encoder())
    found = find_campaigns(Snapshot(Workspace.open(tmp_path / "index")))
    members = {(c.accounts, c.requests) for c in found.alerts}
    assert members >= {(c.accounts, c.requests) for c in report.alerts}


def test_the_document_reads_back(report):
    assert msgspec.json.decode(encode(report), type=CampaignReport) == report
    document = json.loads(encode(report))
    assert document["schema_version"] == 1
    assert {"id", "score", "alert", "accounts", "requests", "template", "reasons"} <= document["campaigns"][
        0
    ].keys()
    assert {"signal", "for", "value", "text"} <= document["campaigns"][0]["reasons"][0].keys()


def test_another_threshold_needs_no_recomputing(report):
    strict = report.at(0.9999)
    assert len(strict.alerts) < len(report.alerts)
    assert strict.at(report.threshold) == report
    assert [c.score for c in strict.campaigns] == [c.score for c in report.campaigns]


def test_every_reason_has_words_and_a_sign(report):
    for campaign in report.campaigns:
        for reason in campaign.reasons:
            assert reason.text
            assert reason.speaks_for == (reason.weight > 0)


def test_examples_are_real_requests_with_the_template_marked(report, demo_log):
    known = demo_log.truth.keys()
    for campaign in report.alerts:
        assert campaign.examples
        for example in campaign.examples:
            assert example.request_id in known
            assert any(piece.fixed for piece in example.pieces)


def test_an_index_without_texts_finds_the_same_accounts(report, demo_log, tmp_path):
    bare = report_of(demo_log.requests, tmp_path, with_text=False)
    found = {account for campaign in bare.alerts for account in campaign.accounts}
    expected = {account for campaign in report.alerts for account in campaign.accounts}
    assert len(found & expected) >= 0.9 * len(expected)
    assert len(found - expected) == 0
    # What cannot be read is no evidence of innocence.
    assert not any(r.signal == "training_value" for campaign in bare.campaigns for r in campaign.reasons)


def test_requests_of_nobody_are_in_no_campaign(report, demo_log, tmp_path):
    """Where a log leaves accounts out, what is left of a pool is found, and nobody is no member."""
    rows = [
        {**row, "metadata": {}, "requester_ip_address": ""} if i % 10 == 0 else row
        for i, row in enumerate(demo_log.requests)
    ]
    partly = report_of(rows, tmp_path)
    assert len(partly.alerts) == len(report.alerts)
    assert not any("" in campaign.accounts for campaign in partly.campaigns)


def test_an_empty_log(tmp_path):
    workspace = Workspace.create(tmp_path / "index", key=KEY)
    report = find_campaigns(Snapshot(workspace))
    assert (report.requests, report.accounts, report.campaigns) == (0, 0, ())


def f1(found: str, planted: str) -> float:
    """Token F1 of two texts as bags of words."""
    mine, theirs = Counter(tokens(found.replace(SLOT, " "))), Counter(tokens(planted))
    both = (mine & theirs).total()
    return 2 * both / (mine.total() + theirs.total())


@pytest.mark.parametrize(
    ("scenario", "name", "slots"),
    [
        ("inline reasoning", "inline", {}),
        ("rubric grading", "judge", {"{question}": "", "{response}": ""}),
        ("reasoning reconstruction", "reconstruct", {"{problem}": "", "{answer}": ""}),
    ],
)
def test_templates_are_the_planted_fixed_text(report, owners, scenario, name, slots):
    campaign = next(c for c in report.alerts if owners[c.accounts[0]] == scenario)
    planted = load("campaigns").draw(Random(0), name, slots)
    assert max(f1(template, planted) for template in (campaign.template, *campaign.variants)) >= 0.95
