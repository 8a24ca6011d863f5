"""Wordings: several templates over the same accounts.

One popular template means little. That the same accounts, and hardly any others, use several
templates in different requests is what `linking` tested against chance before it joined them.
"""

from __future__ import annotations

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence


def wordings(candidate: Candidate) -> Evidence | None:
    """Weigh how many separate templates the accounts share beyond chance."""
    count = candidate.wordings
    if count < 2:
        return None
    weight = min(1.0, 0.25 * (count - 1))
    return Evidence(
        "co_use", weight, float(count), f"the same accounts use {count} templates together, beyond chance"
    )
