"""From signals to a score: what each found, weighed as `likelihoods` has learnt it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from campaigns.candidates import Candidate
from campaigns.likelihoods import Odds, crowd_share, likelihoods, probability
from campaigns.signals.aim import aim
from campaigns.signals.base import Evidence, Signal
from campaigns.signals.conversation import conversation
from campaigns.signals.crowd import crowd
from campaigns.signals.depth import depth, volume
from campaigns.signals.habits import own_days, own_inputs
from campaigns.signals.lifetimes import lifetimes
from campaigns.signals.load import load
from campaigns.signals.network import addresses, client, network, organisation
from campaigns.signals.obfuscation import obfuscation
from campaigns.signals.padding import padding
from campaigns.signals.pivot import pivot
from campaigns.signals.purpose import purpose
from campaigns.signals.rhythm import rhythm
from campaigns.signals.sittings import sittings
from campaigns.signals.slots import repeats, slots
from campaigns.signals.succession import succession
from campaigns.signals.techniques import techniques
from campaigns.signals.window import window
from campaigns.signals.wordings import wordings

SIGNALS: tuple[Signal, ...] = (
    rhythm, sittings, own_inputs, own_days, lifetimes, succession, window, load, slots, repeats, depth,
    volume, crowd, conversation, wordings, techniques, obfuscation, pivot,
    organisation, client, addresses, network,
)  # fmt: skip

TEXTUAL = ("training_value", "padding")
"""Learnt signals that need the prompts read."""

ARGUED = ("release_pivot", "training_meaning", "organisation", "meaning_alone")
"""Signals that the worlds have no example of, or that not every index has, or that settle it: where the
log itself names one owner, it is that owner's. Their strength counts as it is, against either explanation.
"""

TOLD = "network"
"""The signal that finds something wherever most accounts of a candidate have addresses."""


MEANING_ALONE = Evidence(
    "meaning_alone",
    -1.0,
    0.0,
    "what brings its requests together is their meaning and no words in common, as with a topic",
)
"""Counts against every group that meaning makes: what is learnt is learnt on groups that share words."""


@dataclass(frozen=True)
class Weighed:
    """A signal's finding and what it counts: log10 of what it multiplies the odds by, against the
    honest explanation that is the likelier one in this case.
    """

    evidence: Evidence
    weight: float


@dataclass(frozen=True)
class Verdict:
    """A candidate's evidence, and whether the log says anything of networks and clients."""

    evidence: tuple[Evidence, ...]
    metadata: bool = True

    @cached_property
    def counted(self) -> bool:
        """Whether network and client fields count: where addresses are missing, of the log or of these
        accounts, what other fields say may lower the score but not raise it. Missing fields are no evidence.
        """
        told = any(e.signal == TOLD for e in self.evidence)
        lowers = probability(self._odds(True)) <= self.score_without_metadata
        return self.metadata and (told or lowers)

    @property
    def score(self) -> float:
        """Probability of a campaign given all evidence that counts."""
        return probability(self._odds(self.counted))

    @property
    def score_without_metadata(self) -> float:
        """Probability given text, accounts and times alone."""
        return probability(self._odds(False))

    @property
    def score_at_most(self) -> float:
        """The score if all that the prompts may yet say spoke for a campaign."""
        curves = likelihoods(metadata=self.counted).curves
        best = [Evidence(name, curves[name].best, 0.0, "") for name in TEXTUAL if name in curves]
        return Verdict((*self.evidence, *best), self.metadata).score

    @property
    def crowd(self) -> float:
        """If it is no campaign: the probability that it is a crowd, and not one party."""
        return crowd_share(self._odds(self.counted))

    @cached_property
    def reasons(self) -> tuple[Weighed, ...]:
        """What was found and counts, with its weight, weightiest first."""
        found = [Weighed(e, self._weight(e)) for e in self.evidence if self.counted or not e.metadata]
        return tuple(sorted(found, key=lambda w: (-abs(w.weight), w.evidence.signal)))

    def with_prompts(self, template: str, prompts: Sequence[str], *, by_meaning: bool) -> Verdict:
        """Return the verdict with what `read` finds added."""
        found = read(template, prompts, by_meaning=by_meaning)
        return Verdict((*self.evidence, *found), self.metadata)

    def _odds(self, metadata: bool) -> Odds:
        used = [e for e in self.evidence if metadata or not e.metadata]
        crowd, party = likelihoods(metadata=metadata).odds({e.signal: e.strength for e in used})
        argued = sum(e.strength for e in used if e.signal in ARGUED)
        return crowd + argued, party + argued

    def _weight(self, evidence: Evidence) -> float:
        if evidence.signal in ARGUED:
            return evidence.strength
        against_crowd, against_party = (
            likelihoods(metadata=self.counted).curves[evidence.signal].at(evidence.strength)
        )
        return self.crowd * against_crowd + (1 - self.crowd) * against_party


def judge(candidate: Candidate, *, meaning_alone: bool = False) -> Verdict:
    """Look for everything but what the template asks for."""
    found = [*findings(candidate), *([MEANING_ALONE] if meaning_alone else [])]
    return Verdict(tuple(found), candidate.log.has_metadata)


def findings(candidate: Candidate) -> Iterable[Evidence]:
    """Yield what the signals find."""
    for signal in SIGNALS:
        found = signal(candidate)
        if found is not None:
            yield found


def read(template: str, prompts: Sequence[str], *, by_meaning: bool) -> Iterable[Evidence]:
    """Yield what signals find in a template's fixed text, and in prompts of different accounts.

    by_meaning: whether to ask an encoder too. Without a template, nothing is found.
    """
    if not template.strip():
        return
    for evidence in (purpose(template), padding(prompts), aim(template) if by_meaning else None):
        if evidence is not None:
            yield evidence
