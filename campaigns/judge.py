"""From signals to a score: prior odds times likelihood ratios."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.candidates import Candidate
from campaigns.signals.base import Evidence, Signal
from campaigns.signals.conversation import conversation
from campaigns.signals.crowd import crowd
from campaigns.signals.depth import depth
from campaigns.signals.lifetimes import lifetimes
from campaigns.signals.load import load
from campaigns.signals.network import addresses, client, organisation
from campaigns.signals.obfuscation import obfuscation
from campaigns.signals.pivot import pivot
from campaigns.signals.purpose import purpose
from campaigns.signals.rhythm import rhythm
from campaigns.signals.sittings import sittings
from campaigns.signals.slots import slots
from campaigns.signals.succession import succession
from campaigns.signals.wordings import wordings

SIGNALS: tuple[Signal, ...] = (
    rhythm, sittings, lifetimes, succession, load, slots, depth, crowd, conversation,
    wordings, obfuscation, pivot, organisation, client, addresses,
)  # fmt: skip

PRIOR = -2.5
"""log10 odds of a campaign, before any evidence: one in some 300 groups of accounts that share
text. A provider has hundreds of popular templates for every campaign."""


@dataclass(frozen=True)
class Verdict:
    """A candidate's evidence, strongest first."""

    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> float:
        """Probability of a campaign given all evidence."""
        return _probability(sum(e.weight for e in self.evidence))

    @property
    def score_without_metadata(self) -> float:
        """Probability given text, accounts and times alone."""
        return _probability(sum(e.weight for e in self.evidence if not e.metadata))

    def with_template(self, template: str) -> Verdict:
        """Return the verdict with what the template asks for added; without text, nothing is said."""
        return _ordered((*self.evidence, purpose(template))) if template.strip() else self


def judge(candidate: Candidate) -> Verdict:
    """Weigh everything but the template's text."""
    found = [signal(candidate) for signal in SIGNALS]
    return _ordered(tuple(e for e in found if e is not None))


def _ordered(evidence: tuple[Evidence, ...]) -> Verdict:
    return Verdict(tuple(sorted(evidence, key=lambda e: (-abs(e.weight), e.signal))))


def _probability(weight: float) -> float:
    return float(1 / (1 + 10 ** -(PRIOR + weight)))
