"""Techniques: the same input under many system prompts, to learn which one draws out most.

A campaign is prepared by trying many ways of asking over one set of inputs, and the tries are spread
over its accounts. A benchmark asks the same input too, but always in the same way; people who try out
wordings do so from one account.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_LEAST_REQUESTS = 20
_SYSTEM = 0
_RARE = 0.02  # two products that are asked the same question


def techniques(candidate: Candidate) -> Evidence | None:
    """Measure the share of requests whose input other accounts sent under another system prompt."""
    system = candidate.log.requests.prompts[candidate.rows, _SYSTEM]
    there = (system >= 0) & (candidate.slot >= 0)
    if there.sum() < _LEAST_REQUESTS:
        return None
    _, slot = np.unique(candidate.slot[there], return_inverse=True)
    ways, accounts = (
        np.bincount(np.unique(slot * np.int64(1 << 32) + by[there]) >> 32)
        for by in (system, candidate.account_of)
    )
    share = float(((ways >= 2) & (accounts >= 2))[slot].mean())
    if share < _RARE:
        return None
    text = (
        f"{share:.0%} of the requests carry an input that several accounts sent under different "
        f"instructions, up to {ways.max():,} over one input"
    )
    return Evidence("techniques", share, share, text)
