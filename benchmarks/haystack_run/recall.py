"""What a report says of the planted campaigns: gathered, raised, and who is accused without cause."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from campaigns.report import Campaign, CampaignReport


class Found(msgspec.Struct, frozen=True):
    """One planted campaign.

    gathered: the part of its requests in the one candidate, of whatever score, that holds most
    of them. score: that candidate's. accounts_raised, requests_raised: the parts of its accounts
    and requests in alerts.
    """

    campaign: str
    accounts: int
    requests: int
    gathered: float
    score: float
    accounts_raised: float
    requests_raised: float


class Recall(msgspec.Struct, frozen=True):
    """innocents: flagged accounts that sent nothing for any campaign. false_alerts: alerts most of
    whose requests belong to none.
    """

    campaigns: tuple[Found, ...]
    found: int  # half of the accounts and more are raised
    innocents: int
    innocents_per_100_000: float
    false_alerts: int


def recall(report: CampaignReport, truth: Path) -> Recall:
    """Compare a report that lists its members with the truth beside a log."""
    table = pq.read_table(truth)
    campaign_of = dict(zip(*(table[name].to_pylist() for name in ("request_id", "campaign")), strict=True))
    accounts: dict[str, set[str]] = {}
    requests: dict[str, set[str]] = {}
    for request, account, name in zip(*(column.to_pylist() for column in table.columns), strict=True):
        accounts.setdefault(name, set()).add(account)
        requests.setdefault(name, set()).add(request)
    guilty = set().union(*accounts.values())
    flagged = {account for alert in report.alerts for account in alert.accounts}
    raised = {request for alert in report.alerts for request in alert.requests}
    planted = tuple(
        _found(name, accounts[name], requests[name], report, flagged, raised) for name in sorted(accounts)
    )
    innocent = len(flagged - guilty)
    return Recall(
        planted,
        sum(found.accounts_raised >= 0.5 for found in planted),
        innocent,
        round(100_000 * innocent / max(1, report.accounts - len(guilty)), 2),
        sum(_mostly_honest(alert, campaign_of) for alert in report.alerts),
    )


def _found(
    name: str,
    accounts: set[str],
    requests: set[str],
    report: CampaignReport,
    flagged: set[str],
    raised: set[str],
) -> Found:
    held = [
        (len(requests.intersection(candidate.requests)), candidate.score) for candidate in report.campaigns
    ]
    most, score = max(held, default=(0, 0.0))
    return Found(
        name, len(accounts), len(requests),
        round(most / len(requests), 4), score if most else 0.0,
        round(len(accounts & flagged) / len(accounts), 4), round(len(requests & raised) / len(requests), 4),
    )  # fmt: skip


def _mostly_honest(alert: Campaign, campaign_of: dict[str, str]) -> bool:
    return sum(request in campaign_of for request in alert.requests) < len(alert.requests) / 2
