"""Slots: a campaign works through a task bank, and no two accounts get the same task.

Against it speak the same item from many accounts (a benchmark, a viral prompt, homework) and the
same item again from one account (people try again, jobs run every night).
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_LEAST_REQUESTS = 20
_SAME = 0.7
_OFTEN = 0.3
_SOME = 0.15  # less than this are retries, or several samples of one answer


def slots(candidate: Candidate) -> Evidence | None:
    """Measure how far the accounts' prompts repeat each other's and their own."""
    total = len(candidate.rows)
    if total < _LEAST_REQUESTS:
        return None
    _, slot = np.unique(candidate.slot, return_inverse=True)
    pairs, uses = np.unique(slot * np.int64(1 << 32) + candidate.account_of, return_counts=True)
    senders = np.bincount(pairs >> 32)
    shared = float((senders[slot] >= 2).mean())
    again = float((uses - 1).sum() / total)
    if shared >= _SAME:
        text = f"{shared:.0%} of the requests carry a prompt of other accounts too: the same items for all"
        return Evidence("slots", -2.0, shared, text)
    if again >= _OFTEN:
        text = f"accounts repeat themselves: {again:.0%} of the requests were sent before by the same account"
        return Evidence("slots", -1.0, again, text)
    if shared + again >= _SOME:
        text = f"accounts repeat prompts, {again:.0%} their own and {shared:.0%} those of others"
        return Evidence("slots", -0.2, shared + again, text)
    alone = f"{shared:.1%} of them used by more than one account"
    text = f"{len(senders):,} different prompts in {total:,} requests, {alone}"
    return Evidence("slots", 0.3, shared, text)
