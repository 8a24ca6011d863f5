"""From a snapshot to its report: the pipeline, one step a line.

prompts → near copies → families → groups of families that share accounts → verdicts → report
                           once by words; then, of what words leave, by meaning
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.gather import Engine, Gathered, Ground, Progress
from campaigns.judge import judge
from campaigns.report import (
    LIMITS,
    MIN_ALERT_ACCOUNTS,
    SCHEMA_VERSION,
    THRESHOLD,
    Campaign,
    CampaignReport,
    alerts,
)
from campaigns.write import Writer
from fingerprint.embedding import BULK_MODEL
from indexes.snapshot import Snapshot

MIN_SCORE = 0.05
"""Candidates below this are not reported: hundreds of popular phrases. Nor are those with fewer accounts
than an alert needs, of which nothing is learnt.
"""


def find_campaigns(
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _: None,
    engine: Engine = Ground.of,
) -> CampaignReport:
    """Return the report of a snapshot, members included; engine: who finds the families of shared text.

    Words come first. What they show to be a campaign is settled, and meaning is asked about the rest:
    vectors add to what is found without them, and take nothing from it.
    """
    ground = engine(snapshot, progress)
    progress("accounts")
    gathered = ground.gathered(ground.words)
    progress("verdicts")
    judged = _judged(ground.snapshot, gathered, threshold)
    settled = [rows for rows, c in judged if alerts(c.score, c.account_count, THRESHOLD)]
    progress("meaning")
    meaning, alike = ground.meaning(settled), ground.alike(settled)
    if meaning.size:
        judged += _judged(ground.snapshot, ground.gathered(meaning), threshold, meaning_alone=True)
    if alike.size:  # what is no alert has been judged already, wording by wording
        together = ground.gathered(alike).by_wording(gathered)
        again = _judged(ground.snapshot, together, threshold, meaning_alone=True)
        judged += [each for each in again if each[1].alert]
    found = [campaign for _, campaign in judged]
    found.sort(key=lambda c: (-c.score, -c.account_count, c.id))
    found = _told_apart(found)
    requests, accounts = ground.size
    return CampaignReport(
        schema_version=SCHEMA_VERSION,
        requests=requests,
        accounts=accounts,
        threshold=threshold,
        limits=LIMITS,
        campaigns=tuple(found),
    )


def _judged(
    snapshot: Snapshot, gathered: Gathered, threshold: float, *, meaning_alone: bool = False
) -> list[tuple[NDArray[np.int64], Campaign]]:
    """Return (rows of its requests, report entry) of every candidate that is worth a look."""
    writer = Writer(snapshot, gathered.families, gathered.members, threshold)
    by_meaning = any(vectors.model == BULK_MODEL for vectors in snapshot.workspace.manifest.vectors)
    found = []
    for candidate in gathered.candidates:
        if len(candidate.accounts) < MIN_ALERT_ACCOUNTS:
            continue
        verdict = judge(candidate, meaning_alone=meaning_alone)
        if verdict.score_at_most < MIN_SCORE:
            continue
        reading = writer.read(candidate)
        verdict = verdict.with_prompts(reading.text, reading.prompts, by_meaning=by_meaning)
        if verdict.score >= MIN_SCORE:
            found.append((candidate.rows, writer.campaign(candidate, verdict, reading.templates)))
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
