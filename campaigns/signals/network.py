"""Network and organisation fields: corroboration only, never the verdict.

Addresses and organisations are easily forged, shared or missing, so what they say is marked as
metadata, shown apart, and the score without it is given too.
"""

from __future__ import annotations

import numpy as np

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
    requests = candidate.log.requests
    products, of_request = _products(requests.user_agent)
    mine = of_request[candidate.rows]
    counts = np.bincount(mine, minlength=len(products))
    most = int(counts.argmax())
    if not products[most] or counts[most] < _MOSTLY * len(mine):
        return None
    inside = counts[most] / max(int((of_request == most).sum()), 1)
    if inside < _MOSTLY:
        return None
    text = "nearly all requests come from one client program that nobody else uses: an app and its users"
    return Evidence("client", -1.0, float(inside), text, metadata=True)


def addresses(candidate: Candidate) -> Evidence | None:
    """Accounts that each rotate through several addresses, more than the log's accounts do."""
    codes = candidate.log.requests.ip.codes
    if len(candidate.log.requests.ip.values) < 2:
        return None
    mine = np.median([len(np.unique(codes[candidate.rows[p]])) for p in candidate.by_account])
    requests = float(np.median(candidate.counts))
    if mine < 2 or requests < mine:
        return None
    text = f"accounts use {mine:.0f} addresses each (median)"
    return Evidence("addresses", 0.4, float(mine), text, metadata=True)


def _commonest(candidate: Candidate, codes: Codes) -> tuple[str, int]:
    """Return (value, accounts that used it) of the value that most accounts share."""
    pairs = np.unique(codes.codes[candidate.rows].astype(np.int64) << 32 | candidate.account_of)
    counts = np.bincount(pairs >> 32, minlength=len(codes.values))
    if len(codes.values) and codes.values[0].as_py() == "":
        counts[0] = 0
    most = int(counts.argmax())
    return str(codes.values[most].as_py()), int(counts[most])


def _products(agents: Codes) -> tuple[list[str], np.ndarray]:
    """Return (product names, product of each request): the user agent without its version."""
    names = [str(value.as_py()).split("/")[0].strip() for value in agents.values]
    products, product = np.unique(names, return_inverse=True)
    return products.tolist(), product[agents.codes]
