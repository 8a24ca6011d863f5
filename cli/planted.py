"""The demo's campaigns as planted and as found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from campaigns.report import CampaignReport
    from demo import Truth
    from indexes.snapshot import Requests

HELD = 0.5
"""The part of a campaign's accounts that alerts hold when it is called found."""
PURE = 0.8
"""The part of an alert's accounts that campaigns planted, for the alert to count."""


class Comparison(msgspec.Struct, frozen=True):
    """How the alerts compare with what was planted."""

    planted: int
    found: int
    honest_accounts: int
    honest_accounts_flagged: int

    @property
    def sentence(self) -> str:
        """The comparison in one line."""
        return (
            f"planted: {self.planted} campaigns, found: {self.found}; "
            f"honest accounts flagged: {self.honest_accounts_flagged}"
        )


def compare(report: CampaignReport, requests: Requests, truth: Mapping[str, Truth]) -> Comparison:
    """Compare the alerts of a report that has its members with what each request really is."""
    planted: dict[str, set[str]] = defaultdict(set)
    accounts = set()
    for request_id, code in zip(requests.ids.to_pylist(), requests.account.codes.tolist(), strict=True):
        what = truth[request_id]
        accounts.add(code)
        if what.label == "campaign":
            planted[what.scenario].add(code)
    guilty = set().union(*planted.values())
    number = {name: code for code, name in enumerate(requests.account.values.to_pylist())}
    alerts = [{number[name] for name in alert.accounts} for alert in report.alerts]
    held = set().union(*(alert for alert in alerts if len(alert & guilty) >= PURE * len(alert)))
    return Comparison(
        planted=len(planted),
        found=sum(len(pool & held) >= HELD * len(pool) for pool in planted.values()),
        honest_accounts=len(accounts - guilty),
        honest_accounts_flagged=len(set().union(*alerts) - guilty),
    )
