"""Conversation: people answer back; most harvests ask once.

Agents answer back too, so this speaks softly.
"""

from __future__ import annotations

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence

_LEAST_REQUESTS = 40


def conversation(candidate: Candidate) -> Evidence | None:
    """Measure the share of requests that continue a conversation."""
    if len(candidate.rows) < _LEAST_REQUESTS:
        return None
    share = float((candidate.log.requests.user_turns[candidate.rows] > 1).mean())
    if share >= 0.1:
        return Evidence(
            "conversation",
            -min(0.6, 2 * share),
            share,
            f"{share:.0%} of the requests continue a conversation",
        )
    return Evidence("conversation", 0.1, share, f"{1 - share:.0%} of the requests are single questions")
