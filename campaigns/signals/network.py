"""Network and organisation fields: corroboration only, never the verdict.

Addresses and organisations are easily forged, shared or missing, so what they say is marked as
metadata, shown apart, and the score without it is given too.
"""

from __future__ import annotations

import numpy as np

from campaigns.accounts import sorted_distinct
from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence
from indexes.snapshot import Codes

_MOSTLY = 0.8


def organisation(candidate: Candidate) -> Evidence | None:
    """One organisation or one address behind the accounts explains a shared template."""
    requests = candidate.log.requests
    for field, codes in (("organisation", requests.organisation), ("address", requests.ip)):
        name, accounts = _commonest(candidate, codes)
        if name and accounts >= _MOSTLY * len(candidate.accounts):
            text = f"{accounts} of {len(candidate.accounts)} accounts share one {field}"
            return Evidence("organisation", -2.0, accounts / len(candidate.accounts), text, metadata=True)
    return None


def client(candidate: Candidate) -> Evidence | None:
    """One client that is hardly seen elsewhere is an app with its users."""
    products, of_agent, in_log = candidate.log.products
    agents = candidate.log.requests.user_agent.codes[candidate.rows]
    counts = np.bincount(of_agent[agents], minlength=len(products))
    most = int(counts.argmax())
    if not products[most] or counts[most] < _MOSTLY * len(agents):
        return None
    inside = counts[most] / in_log[most]
    if inside < _MOSTLY:
        return None
    text = "nearly all requests come from one client program that nobody else uses: an app and its users"
    return Evidence("client", -1.0, float(inside), text, metadata=True)


def addresses(candidate: Candidate) -> Evidence | None:
    """Accounts that each rotate through several addresses, more than the log's accounts do."""
    codes = candidate.log.requests.ip.codes
    if len(candidate.log.requests.ip.values) < 2:
        return None
    used = sorted_distinct(candidate.account_of.astype(np.int64) << 32 | codes[candidate.rows])
    mine = float(np.median(np.unique(used >> 32, return_counts=True)[1]))
    requests = float(np.median(candidate.counts))
    if mine < 2 or requests < mine:
        return None
    text = f"accounts use {mine:.0f} addresses each (median)"
    return Evidence("addresses", 0.4, float(mine), text, metadata=True)


def _commonest(candidate: Candidate, codes: Codes) -> tuple[str, int]:
    """Return (value, accounts that used it) of the value that most accounts share."""
    pairs = sorted_distinct(codes.codes[candidate.rows].astype(np.int64) << 32 | candidate.account_of)
    counts = np.bincount(pairs >> 32, minlength=len(codes.values))
    if len(codes.values) and codes.values[0].as_py() == "":
        counts[0] = 0
    most = int(counts.argmax())
    return str(codes.values[most].as_py()), int(counts[most])
