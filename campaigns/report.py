"""The report: one typed, versioned document that terminal, JSON and every export read.

A score is the probability that a candidate is a campaign, from prior odds and what its signals
count (`likelihoods`). It ranks and explains; it does not convict.
"""

from __future__ import annotations

import msgspec

SCHEMA_VERSION = 1

LIMITS = (
    "Replayed genuine traffic carries no template and is not seen.",
    "A single account is never a campaign here, and fewer than 8 accounts never raise an alert.",
    "Accounts are linked by what they sent; that one operator runs them is for the investigator to show.",
)


class Reason(msgspec.Struct, frozen=True, rename={"speaks_for": "for"}):
    """One signal's finding. `weight`: log10 of what it multiplies the odds by, beside the others."""

    signal: str
    speaks_for: bool
    weight: float
    value: float
    text: str
    metadata: bool


class Piece(msgspec.Struct, frozen=True):
    """A piece of an example's text, and whether it belongs to the template."""

    text: str
    fixed: bool


class Example(msgspec.Struct, frozen=True):
    """One request of a campaign, its text cut into template and slot."""

    request_id: str
    account: str
    timestamp: str
    segment: str
    pieces: tuple[Piece, ...]


class Campaign(msgspec.Struct, frozen=True, omit_defaults=True):
    """One campaign, alerting or not. Members are in full or, in a short report, left out.

    crowd: should it be no campaign, the probability that it is a crowd and not one party with several
    keys. look_alikes: honest groups with this score or more, expected in 100,000 honest accounts.
    """

    id: str
    score: float
    alert: bool
    score_without_metadata: float
    crowd: float
    look_alikes: float
    template: str
    variants: tuple[str, ...]
    wordings: int
    account_count: int
    request_count: int
    first: str
    last: str
    daily: dict[str, int]
    reasons: tuple[Reason, ...]
    examples: tuple[Example, ...]
    accounts: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()


class CampaignReport(msgspec.Struct, frozen=True):
    """All candidates worth a look, best first."""

    schema_version: int
    requests: int
    accounts: int
    threshold: float
    limits: tuple[str, ...]
    campaigns: tuple[Campaign, ...]

    @property
    def alerts(self) -> tuple[Campaign, ...]:
        """The campaigns at or above the threshold."""
        return tuple(c for c in self.campaigns if c.alert)

    def without_members(self) -> CampaignReport:
        """Return the report without the lists of accounts and requests."""
        return msgspec.structs.replace(
            self,
            campaigns=tuple(msgspec.structs.replace(c, accounts=(), requests=()) for c in self.campaigns),
        )

    def at(self, threshold: float) -> CampaignReport:
        """Return the same report with alerts at another threshold."""
        campaigns = tuple(
            msgspec.structs.replace(c, alert=alerts(c.score, c.account_count, threshold))
            for c in self.campaigns
        )
        return msgspec.structs.replace(self, threshold=threshold, campaigns=campaigns)


THRESHOLD = 0.5
MIN_ALERT_ACCOUNTS = 8
"""One company's keys look exactly like a small pool; below this nothing tells them apart."""


def alerts(score: float, accounts: int, threshold: float) -> bool:
    """Return whether a candidate of so many accounts alerts."""
    return score >= threshold and accounts >= MIN_ALERT_ACCOUNTS


def encode(report: CampaignReport) -> bytes:
    """Return the report as JSON, one line."""
    return msgspec.json.encode(report) + b"\n"
