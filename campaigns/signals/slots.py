"""Slots: a campaign works through a task bank, and no two accounts get the same task.

Against it speak the same item from many accounts (a benchmark, a viral prompt, homework) and the
same item again from one account (people try again, jobs run every night).
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_LEAST_REQUESTS = 20


def slots(candidate: Candidate) -> Evidence | None:
    """Measure how many requests carry an input that other accounts sent as well."""
    total = len(candidate.rows)
    if total < _LEAST_REQUESTS:
        return None
    slot, pairs, _ = _uses(candidate)
    senders = np.bincount(pairs >> 32)
    shared = float((senders[slot] >= 2).mean())
    most = np.bincount(slot).max() / total
    text = (
        f"{len(senders):,} different inputs in {total:,} requests, the commonest in {most:.1%} of them; "
        f"{shared:.1%} of the requests carry one that several accounts sent"
    )
    return Evidence("slots", 0.3 - 2.3 * min(1.0, shared / 0.7), shared, text)


def repeats(candidate: Candidate) -> Evidence | None:
    """Measure how often accounts send again what they have sent."""
    total = len(candidate.rows)
    if total < _LEAST_REQUESTS:
        return None
    _, _, uses = _uses(candidate)
    again = float((uses - 1).sum() / total)
    text = f"{again:.1%} of the requests were sent before by the same account"
    return Evidence("repeats", 0.1 - 1.1 * min(1.0, again / 0.3), again, text)


def _uses(candidate: Candidate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (the input of each request, the distinct input << 32 | account, how often each occurs)."""
    _, slot = np.unique(candidate.slot, return_inverse=True)
    pairs, uses = np.unique(slot * np.int64(1 << 32) + candidate.account_of, return_counts=True)
    return slot, pairs, uses
