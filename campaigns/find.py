"""From a snapshot to its report: the pipeline, one step a line.

prompts → near copies → families → groups of families that share accounts → verdicts → report
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.candidates import DAY_US, Candidate, Log, Memberships
from campaigns.edges import near_copy_clusters
from campaigns.families import Families, find_families
from campaigns.judge import Verdict, judge
from campaigns.linking import link_families
from campaigns.pools import pools
from campaigns.report import (
    LIMITS,
    SCHEMA_VERSION,
    THRESHOLD,
    Campaign,
    CampaignReport,
    Example,
    Piece,
    Reason,
    alerts,
)
from campaigns.templates import SAMPLE, Template, induce, mark
from indexes.segment import PROMPT_SEGMENTS
from indexes.snapshot import NO_TIME, Snapshot

MIN_SCORE = 0.01
"""Candidates below this are not reported: hundreds of popular phrases."""

_VARIANTS = 3
_EXAMPLES = 3


def find_campaigns(
    snapshot: Snapshot, *, threshold: float = THRESHOLD, progress: Callable[[str], None] = lambda _: None
) -> CampaignReport:
    """Return the report of a snapshot, members included."""
    requests = snapshot.requests
    progress("near copies")
    copies = near_copies(snapshot)
    progress("templates")
    senders = Senders.of(requests, len(snapshot.text_of))
    families = find_families(snapshot.spans(), senders, copies)
    progress("accounts")
    members = Memberships.of(families, requests, len(snapshot.text_of))
    account = requests.account.codes
    links = link_families(members.family, members.request, families.size, account)
    progress("verdicts")
    shared = np.zeros(len(requests), dtype=np.bool_)
    shared[members.request] = True
    log = Log(requests, snapshot.hidden, shared)
    writer = _Writer(snapshot, families, threshold)
    found = []
    for candidate in (pool for whole in members.candidates(links, log) for pool in pools(whole, members)):
        verdict = judge(candidate)
        # The template's text can lift a score about fivefold, so the hopeless are not read.
        if verdict.score < MIN_SCORE / 5:
            continue
        templates = writer.templates(candidate)
        verdict = verdict.with_template(" ".join(t.text for t in templates))
        if verdict.score >= MIN_SCORE:
            found.append(writer.campaign(candidate, verdict, templates))
    found.sort(key=lambda c: (-c.score, -c.account_count, c.id))
    return CampaignReport(
        SCHEMA_VERSION, snapshot.workspace.manifest.generation, len(requests),
        _named(requests.account.values), threshold, LIMITS, tuple(found),
    )  # fmt: skip


def near_copies(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the (prompts,) near-copy cluster of each prompt: the least prompt of the cluster."""
    signatures = snapshot.signatures
    visible = ~(signatures[:, :4] == np.uint32(0xFFFFFFFF)).all(axis=1)
    return near_copy_clusters(signatures, visible)


@dataclass(frozen=True)
class _Writer:
    """Turns judged candidates into the report's words."""

    snapshot: Snapshot
    families: Families
    threshold: float

    def templates(self, candidate: Candidate) -> list[Template]:
        """Return the templates of the candidate's largest families, without repetitions."""
        found: list[Template] = []
        for family in candidate.families[: 3 * _VARIANTS].tolist():
            template = induce(
                self.snapshot.read_prompts(self._sample(family)), self.snapshot.workspace.hasher
            )
            if template.runs and not any(template.runs & other.runs for other in found):
                found.append(template)
        return found[:_VARIANTS] or [Template("", frozenset())]

    def campaign(self, candidate: Candidate, verdict: Verdict, templates: list[Template]) -> Campaign:
        """Return the report's entry of a candidate."""
        requests, rows = self.snapshot.requests, candidate.rows
        times = candidate.time_us[candidate.time_us != NO_TIME]
        earliest = rows[np.lexsort((rows, candidate.time_us))[0]]
        score = round(verdict.score, 4)
        return Campaign(
            id="c-" + hashlib.sha256(str(requests.ids[int(earliest)]).encode()).hexdigest()[:10],
            score=score,
            alert=alerts(score, len(candidate.accounts), self.threshold),
            score_without_metadata=round(verdict.score_without_metadata, 4),
            template=templates[0].text,
            variants=tuple(t.text for t in templates[1:]),
            wordings=candidate.wordings,
            account_count=len(candidate.accounts),
            request_count=len(rows),
            first=_iso(times.min()) if len(times) else "",
            last=_iso(times.max()) if len(times) else "",
            daily=_daily(times),
            reasons=tuple(
                Reason(e.signal, e.weight > 0, round(e.weight, 2), round(e.value, 4), e.text, e.metadata)
                for e in verdict.evidence
            ),
            examples=tuple(self._example(int(row), templates) for row in self._chosen(candidate)),
            accounts=tuple(requests.account.values.take(candidate.accounts).to_pylist()),
            requests=tuple(requests.ids.take(rows).to_pylist()),
        )

    def _sample(self, family: int) -> NDArray[np.int64]:
        """Return up to SAMPLE prompts of a family, evenly chosen."""
        first, last = np.searchsorted(self.families.family, [family, family + 1])
        size = int(last - first)
        places = first + np.unique(np.linspace(0, size - 1, min(size, SAMPLE)).astype(np.int64))
        return np.asarray(self.families.prompt[places])

    def _chosen(self, candidate: Candidate) -> NDArray[np.int64]:
        """Return a few requests of different accounts, spread over the campaign."""
        firsts = candidate.rows[[int(mine[0]) for mine in candidate.by_account]]
        return firsts[
            np.unique(np.linspace(0, len(firsts) - 1, min(_EXAMPLES, len(firsts))).astype(np.int64))
        ]

    def _example(self, row: int, templates: list[Template]) -> Example:
        """Return one request, shown by the segment that holds most of a template."""
        requests, hasher = self.snapshot.requests, self.snapshot.workspace.hasher
        best: tuple[int, str, list[tuple[str, bool]]] = (-1, "", [])
        for place, name in enumerate(PROMPT_SEGMENTS):
            prompt = requests.prompts[row, place]
            if prompt < 0:
                continue
            text = self.snapshot.read_prompts(np.array([prompt]))[0]
            for template in templates:
                pieces = mark(text, template.runs, hasher)
                fixed = sum(len(piece) for piece, is_fixed in pieces if is_fixed)
                best = max(best, (fixed, name, pieces), key=lambda found: found[0])
        time = requests.time_us[row]
        return Example(
            str(requests.ids[row]), requests.account[row], "" if time == NO_TIME else _iso(time), best[1],
            tuple(Piece(text, is_fixed) for text, is_fixed in best[2]),
        )  # fmt: skip


def _daily(times: NDArray[np.int64]) -> dict[str, int]:
    days, counts = np.unique(times // DAY_US, return_counts=True)
    return {_iso(day * DAY_US)[:10]: int(count) for day, count in zip(days, counts, strict=True)}


def _iso(time_us: np.int64) -> str:
    moment = datetime.fromtimestamp(int(time_us) // 1_000_000, UTC).replace(
        microsecond=int(time_us) % 1_000_000
    )
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _named(accounts: pa.Array) -> int:
    """Return how many accounts have a name."""
    return sum(name != "" for name in accounts.to_pylist())
