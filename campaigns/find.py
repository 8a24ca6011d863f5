"""From a snapshot to its report: the pipeline, one step a line.

prompts → near copies → families → groups of families that share accounts → verdicts → report
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
from campaigns.meaning import with_meaning
from campaigns.pools import pools
from campaigns.report import LIMITS, SCHEMA_VERSION, THRESHOLD, Campaign, CampaignReport
from campaigns.write import Writer
from indexes import lsh
from indexes.snapshot import Snapshot

MIN_SCORE = 0.01
"""Candidates below this are not reported: hundreds of popular phrases."""


@dataclass(frozen=True)
class Gathered:
    """What text and shared accounts bring together, before anything is judged."""

    families: Families
    members: Memberships
    candidates: list[Candidate]


Progress = Callable[[str], None]
Textual = Callable[[Snapshot, Progress], tuple[Families, Senders, NDArray[np.int64]]]
"""Families of shared text, the senders of each prompt and the near-copy clusters: as `textual` finds them."""


def textual(snapshot: Snapshot, progress: Progress) -> tuple[Families, Senders, NDArray[np.int64]]:
    """Find the families of shared text on this machine."""
    progress("near copies")
    copies = near_copies(snapshot)
    progress("templates")
    senders = Senders.of(snapshot.requests, len(snapshot.text_of))
    return find_families(snapshot.spans(), senders, copies), senders, copies


def gather(snapshot: Snapshot, *, progress: Progress = lambda _: None, engine: Textual = textual) -> Gathered:
    """Return the candidates of a snapshot; engine: who finds the families of shared text."""
    requests, prompts = snapshot.requests, len(snapshot.text_of)
    families, senders, copies = engine(snapshot, progress)
    families = with_meaning(snapshot, families, senders, copies)
    progress("accounts")
    members = Memberships.of(families, requests, prompts)
    links = link_families(
        members.family, members.request, families.size, NullModel.of(requests.account.codes, requests.time_us)
    )
    log = Log(requests, snapshot.hidden, snapshot.tokens, members.shared(len(requests)))
    candidates = [pool for whole in members.candidates(links, log) for pool in pools(whole, members)]
    return Gathered(families, members, candidates)


def find_campaigns(
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _: None,
    engine: Textual = textual,
) -> CampaignReport:
    """Return the report of a snapshot, members included."""
    gathered = gather(snapshot, progress=progress, engine=engine)
    progress("verdicts")
    writer = Writer(snapshot, gathered.families, gathered.members, threshold)
    found = []
    for candidate in gathered.candidates:
        verdict = judge(candidate)
        if verdict.score_at_most < MIN_SCORE:
            continue
        templates = writer.templates(candidate)
        verdict = verdict.with_template(" ".join(template.text for template in templates))
        if verdict.score >= MIN_SCORE:
            found.append(writer.campaign(candidate, verdict, templates))
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
