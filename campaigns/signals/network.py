"""Network and organisation fields: corroboration only, never the verdict.

Addresses and organisations are easily forged, shared or missing, so what they say is marked as
metadata, shown apart, and the score without it is given too.
"""

from __future__ import annotations

import math

import numpy as np

from campaigns.accounts import sorted_distinct
from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence
from indexes.snapshot import Codes

_MOSTLY = 0.8
_USUAL_NETWORK = 0.05  # of the accounts of any large group come from one network


def organisation(candidate: Candidate) -> Evidence | None:
    """One organisation or one address behind the accounts explains a shared template.

    Where the whole log has but one, a proxy's or the customer's who asks, it explains nothing.
    """
    requests = candidate.log.requests
    for field, codes in (("organisation", requests.organisation), ("address", requests.ip)):
        if len(codes.values) < 2:
            continue
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
    """How many addresses an account rotates through."""
    codes = candidate.log.requests.ip.codes
    if len(candidate.log.requests.ip.values) < 2:
        return None
    used = sorted_distinct(candidate.account_of.astype(np.int64) << 32 | codes[candidate.rows])
    mine = float(np.median(np.unique(used >> 32, return_counts=True)[1]))
    if np.median(candidate.counts) < 2:
        return None
    text = f"its accounts use {mine:.0f} {'address' if mine == 1 else 'addresses'} each (median)"
    return Evidence("addresses", min(0.8, math.log10(mine)), mine, text, metadata=True)


def network(candidate: Candidate) -> Evidence | None:
    """Accounts of one network: one party's servers, or one provider's."""
    codes, values = candidate.log.requests.ip, candidate.log.networks
    if len(values) < 2:
        return None
    pairs = sorted_distinct(
        candidate.log.network_of[codes.codes[candidate.rows]].astype(np.int64) << 32 | candidate.account_of
    )
    seen, counts = np.unique(pairs[pairs >> 32 > 0] >> 32, return_counts=True)  # 0: no address
    if counts.sum() < 0.5 * len(candidate.accounts):
        return None
    most = int(counts.argmax())
    share = float(counts[most] / len(candidate.accounts))
    text = f"{counts[most]} of {len(candidate.accounts)} accounts came from one network"
    if share >= 0.5:
        text += f" ({values[seen[most]]})"
    return Evidence("network", _USUAL_NETWORK - share, share, text, metadata=True)


def _commonest(candidate: Candidate, codes: Codes) -> tuple[str, int]:
    """Return (value, accounts that used it) of the value that most accounts share."""
    pairs = sorted_distinct(codes.codes[candidate.rows].astype(np.int64) << 32 | candidate.account_of)
    seen, counts = np.unique(pairs >> 32, return_counts=True)  # not a count for every value of the log
    names = codes.values.take(seen).to_pylist()
    counts[np.array(names, dtype=np.str_) == ""] = 0
    most = int(counts.argmax())
    return names[most], int(counts[most])
