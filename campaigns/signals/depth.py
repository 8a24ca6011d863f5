"""Depth: do the accounts live on this template, or did they touch it once?

A common phrase gathers people who have nothing else in common and used it once among much else.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence


def depth(candidate: Candidate) -> Evidence | None:
    """Measure each account's use of the template, alone and as part of all it sent."""
    uses = float(np.median(candidate.counts))
    share = float(np.median(candidate.counts / candidate.log.activity[candidate.accounts]))
    if uses < 2 and share < 0.5:
        text = f"most accounts used it once, among other things ({share:.0%} of what they sent)"
        return Evidence("depth", -2.0, share, text)
    if share >= 0.5:
        text = f"it is {share:.0%} of what its accounts sent, {uses:.0f} requests each (medians)"
        return Evidence("depth", 0.3, share, text)
    text = f"accounts used it {uses:.0f} times each, beside other traffic ({share:.0%} of theirs)"
    return Evidence("depth", 0.0 if uses >= 4 else -0.7, share, text)
