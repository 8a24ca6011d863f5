"""Obfuscation: invisible characters and foreign look-alikes among Latin letters, which nobody types."""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_MANY = 3  # one or two come with pasted text
_RARE = 0.05  # of the requests: some paste such text


def obfuscation(candidate: Candidate) -> Evidence | None:
    """Measure the share of requests with hidden characters inside words."""
    prompts = candidate.log.requests.prompts[candidate.rows]
    hidden = np.where(prompts >= 0, candidate.log.hidden[prompts], 0).max(axis=1)
    share = float((hidden >= _MANY).mean())
    if share < _RARE:
        return None
    text = f"{share:.0%} of the requests have invisible or foreign look-alike characters inside words"
    return Evidence("obfuscation", share, share, text)
