"""What would make a campaign surer: what the log did not say, and who could say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaigns.report import Campaign

FEW_REQUESTS = 4
"""Requests an account from which its hours and its load begin to show."""
FEW_ACCOUNTS = 8
WEAK = 0.2


def surer(found: Campaign) -> Iterator[str]:
    """Yield what to look for next, the most useful first."""
    weight = {reason.signal: reason.weight for reason in found.reasons}
    each = found.request_count / max(1, found.account_count)
    if not found.daily:
        yield "Times: the log gives none, so rhythm and lifetimes of the accounts are unknown."
    elif found.request_count > sum(found.daily.values()):
        yield "Times: some requests have none; with all of them rhythm and lifetimes would be surer."
    if found.daily and "rhythm" not in weight:
        yield (
            "Rhythm: it could not be measured, because the accounts sent too little on different days or the "
            "whole log runs like a machine. Logs of more days would show whether they sleep."
        )
    elif abs(weight.get("rhythm", WEAK)) < WEAK:
        yield "Rhythm: the accounts' hours do not tell a person from a machine yet; logs of more days would."
    if each < FEW_REQUESTS:
        yield f"More requests: {each:.1f} an account are few; a longer log shows how they divide the work."
    if found.account_count < FEW_ACCOUNTS:
        yield f"More accounts: {found.account_count} never alert; look for others with: promptprint search"
    if "co_use" not in weight and not found.variants:
        yield "Other templates: one wording is known; look for a second that the same accounts share."
    if not {"addresses", "organisation", "client"} & weight.keys():
        yield "Network: addresses and client programs are missing or say nothing; gateway logs may have them."
    if any(reason.metadata and not reason.speaks_for for reason in found.reasons):
        yield "Owner: ask whether the organisation or app that the accounts share is a known customer."
    if found.crowd < 0.5:
        yield "One party: ask whether one customer holds all these accounts; that would explain them."
    yield "Sign-up and payment data, which no log holds: cards, e-mail domains, creation dates, resellers."
