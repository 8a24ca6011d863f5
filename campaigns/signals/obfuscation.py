"""Obfuscation: invisible characters between Latin letters, which nobody types."""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_MANY = 3  # one or two come with pasted text
_RARE = 0.05  # of the requests: some paste such text


def obfuscation(candidate: Candidate) -> Evidence | None:
    """Measure the share of requests with invisible characters inside words."""
    prompts = candidate.log.requests.prompts[candidate.rows]
    hidden = np.where(prompts >= 0, candidate.log.hidden[prompts], 0).max(axis=1)
    share = float((hidden >= _MANY).mean())
    if share < _RARE:
        return None
    return Evidence(
        "obfuscation", 1.0, share, f"{share:.0%} of the requests hide invisible characters inside words"
    )
