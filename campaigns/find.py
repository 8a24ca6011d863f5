"""From a snapshot to its report: the pipeline, one step a line.

prompts → near copies → families → groups of families that share accounts → verdicts → report
                           once by words; then, of what words leave, by meaning
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.candidates import Candidate, Memberships
from campaigns.chance import NullModel
from campaigns.edges import near_copy_clusters
from campaigns.families import Families, find_families
from campaigns.judge import judge
from campaigns.linking import link_families
from campaigns.log import Log
from campaigns.meaning import semantic_families
from campaigns.pools import pools
from campaigns.report import LIMITS, SCHEMA_VERSION, THRESHOLD, Campaign, CampaignReport, alerts
from campaigns.write import Writer
from indexes import lsh
from indexes.snapshot import Snapshot

MIN_SCORE = 0.01
"""Candidates below this are not reported: hundreds of popular phrases."""


@dataclass(frozen=True)
class Gathered:
    """What text, or meaning, and shared accounts bring together, before anything is judged."""

    families: Families
    members: Memberships
    candidates: list[Candidate]


@dataclass(frozen=True)
class _Ground:
    """What families are found on. copies: (prompts,) near-copy clusters."""

    snapshot: Snapshot
    copies: NDArray[np.int64]
    senders: Senders
    model: NullModel

    @classmethod
    def of(cls, snapshot: Snapshot, progress: Callable[[str], None]) -> _Ground:
        progress("near copies")
        copies, requests = near_copies(snapshot), snapshot.requests
        progress("templates")
        senders = Senders.of(requests, len(snapshot.text_of))
        return cls(snapshot, copies, senders, NullModel.of(requests.account.codes, requests.time_us))

    def by_words(self) -> Families:
        """Return the families of prompts that share text."""
        return find_families(self.snapshot.spans(), self.senders, self.copies)

    def prompts(self, rows: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
        """Return (prompts,) which of them some requests hold."""
        held = np.zeros(len(self.copies) + 1, dtype=np.bool_)  # the last stands for "no prompt"
        held[self.snapshot.requests.prompts[np.concatenate([np.empty(0, np.int64), *rows])]] = True
        return held[:-1]

    def gathered(self, families: Families) -> Gathered:
        """Return the candidates that some families make."""
        snapshot, requests = self.snapshot, self.snapshot.requests
        members = Memberships.of(families, requests, len(snapshot.text_of))
        links = link_families(members.family, members.request, families.size, self.model)
        log = Log(requests, snapshot.hidden, snapshot.tokens, members.shared(len(requests)))
        candidates = [pool for whole in members.candidates(links, log) for pool in pools(whole, members)]
        return Gathered(families, members, candidates)


def gather(snapshot: Snapshot, *, progress: Callable[[str], None] = lambda _: None) -> Gathered:
    """Return the candidates of a snapshot that shared words make."""
    ground = _Ground.of(snapshot, progress)
    return ground.gathered(ground.by_words())


def find_campaigns(
    snapshot: Snapshot, *, threshold: float = THRESHOLD, progress: Callable[[str], None] = lambda _: None
) -> CampaignReport:
    """Return the report of a snapshot, members included.

    Words come first. What they show to be a campaign is settled, and meaning is asked about the rest:
    vectors add to what is found without them, and take nothing from it.
    """
    ground = _Ground.of(snapshot, progress)
    words = ground.by_words()
    progress("accounts")
    gathered = ground.gathered(words)
    progress("verdicts")
    judged = _judged(snapshot, gathered, threshold)
    settled = [rows for rows, c in judged if alerts(c.score, c.account_count, THRESHOLD)]
    progress("meaning")
    meaning = semantic_families(snapshot, words, ground.senders, ground.copies, ground.prompts(settled))
    judged += _judged(snapshot, ground.gathered(meaning), threshold) if meaning.size else []
    found = [campaign for _, campaign in judged]
    found.sort(key=lambda c: (-c.score, -c.account_count, c.id))
    found = _told_apart(found)
    requests = snapshot.requests
    return CampaignReport(
        schema_version=SCHEMA_VERSION,
        requests=len(requests),
        accounts=len(np.unique(requests.account.codes[requests.named])),
        threshold=threshold,
        limits=LIMITS,
        campaigns=tuple(found),
    )


def _judged(
    snapshot: Snapshot, gathered: Gathered, threshold: float
) -> list[tuple[NDArray[np.int64], Campaign]]:
    """Return (rows of its requests, report entry) of every candidate that is worth a look."""
    writer = Writer(snapshot, gathered.families, gathered.members, threshold)
    found = []
    for candidate in gathered.candidates:
        verdict = judge(candidate)
        if verdict.score_at_most < MIN_SCORE:
            continue
        templates = writer.templates(candidate)
        verdict = verdict.with_template(" ".join(template.text for template in templates))
        if verdict.score >= MIN_SCORE:
            found.append((candidate.rows, writer.campaign(candidate, verdict, templates)))
    return found


def _told_apart(found: list[Campaign]) -> list[Campaign]:
    """Return the campaigns with an id each: a request may open two of them."""
    seen: Counter[str] = Counter()
    named = []
    for campaign in found:
        seen[campaign.id] += 1
        times = seen[campaign.id]
        named.append(
            campaign if times == 1 else msgspec.structs.replace(campaign, id=f"{campaign.id}-{times}")
        )
    return named


def near_copies(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the (prompts,) near-copy cluster of each prompt: the least prompt of the cluster."""
    signatures = snapshot.signatures()
    return near_copy_clusters(signatures, lsh.visible(signatures))
