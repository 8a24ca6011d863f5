"""Judged candidates in the report's words: templates, reasons, examples, members."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.candidates import Candidate, Memberships
from campaigns.families import Families
from campaigns.judge import Verdict
from campaigns.likelihoods import look_alikes
from campaigns.log import DAY_US
from campaigns.report import Campaign, Example, Piece, Reason, alerts
from campaigns.templates import SAMPLE, Template, induce, mark
from fingerprint.minhash import MinHasher
from indexes.segment import PROMPT_SEGMENTS
from indexes.snapshot import NO_TIME, Snapshot
from promptlog.times import to_iso

_VARIANTS = 3
_EXAMPLES = 3


@dataclass(frozen=True)
class Reading:
    """What was read of a candidate. templates: of its wordings, the most used first. prompts: what
    some of its accounts, a few tens, asked, one of each.
    """

    templates: tuple[Template, ...]
    prompts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The templates in a row."""
        return " ".join(template.text for template in self.templates)


@dataclass(frozen=True)
class Writer:
    """Turns judged candidates of one snapshot into report entries."""

    snapshot: Snapshot
    families: Families
    members: Memberships
    threshold: float

    @property
    def _hasher(self) -> MinHasher:
        return self.snapshot.workspace.hasher

    def read(self, candidate: Candidate) -> Reading:
        """Read some prompts of the candidate's wordings, and induce their templates.

        A family most of whose requests a larger one explains already is a piece of that one's
        template, or a phrase in its slots, and is passed over.
        """
        held = [self.members.places_of(f, candidate.rows) for f in candidate.families.tolist()]
        explained = np.zeros(len(candidate.rows), dtype=np.bool_)
        found: list[Template] = []
        for place in np.argsort([-len(rows) for rows in held], kind="stable").tolist():
            if 2 * explained[held[place]].sum() > len(held[place]):
                continue
            rows = candidate.rows[held[place]]
            template = induce(self._sample(int(candidate.families[place]), rows), self._hasher)
            if template.runs and not any(template.text == other.text for other in found):
                found.append(template)
                explained[held[place]] = True
            if len(found) == _VARIANTS:
                break
        asked = candidate.log.asked(self._one_of_each_account(candidate.rows))
        prompts = self.snapshot.read_prompts(asked[asked >= 0])
        return Reading(tuple(found) or (Template("", frozenset()),), tuple(prompts))

    def campaign(self, candidate: Candidate, verdict: Verdict, templates: Sequence[Template]) -> Campaign:
        """Return the report's entry of a candidate."""
        requests, rows = self.snapshot.requests, candidate.rows
        times = candidate.time_us[candidate.time_us != NO_TIME]
        score = round(verdict.score, 4)
        return Campaign(
            id=self._id(candidate),
            score=score,
            alert=alerts(score, len(candidate.accounts), self.threshold),
            score_without_metadata=round(verdict.score_without_metadata, 4),
            crowd=round(verdict.crowd, 4),
            look_alikes=round(look_alikes().at(score), 2),
            template=templates[0].text,
            variants=tuple(t.text for t in templates[1:]),
            wordings=candidate.wordings,
            account_count=len(candidate.accounts),
            request_count=len(rows),
            first=to_iso(int(times.min())) if len(times) else "",
            last=to_iso(int(times.max())) if len(times) else "",
            daily=_daily(times),
            reasons=tuple(
                Reason(
                    r.evidence.signal,
                    round(r.weight, 2) > 0,
                    round(r.weight, 2),
                    round(r.evidence.value, 4),
                    r.evidence.text,
                    r.evidence.metadata,
                )
                for r in verdict.reasons
            ),
            examples=tuple(self._example(row, templates) for row in self._chosen(candidate)),
            accounts=tuple(requests.account.values.take(candidate.accounts).to_pylist()),
            requests=tuple(requests.ids.take(rows).to_pylist()),
        )

    def _id(self, candidate: Candidate) -> str:
        """Name a candidate by its earliest request: the name stays while the campaign grows."""
        earliest = candidate.rows[candidate.time_us.argmin()]
        request = str(self.snapshot.requests.ids[int(earliest)])
        return "c-" + hashlib.sha256(request.encode()).hexdigest()[:10]

    def _sample(self, family: int, rows: NDArray[np.int64]) -> list[str]:
        """Return prompts of a family, one of each of some accounts."""
        prompts = self.snapshot.requests.prompts[self._one_of_each_account(rows)]
        mine = np.isin(prompts, self.families.prompts_of(family))
        return self.snapshot.read_prompts(prompts[np.arange(len(prompts)), mine.argmax(axis=1)])

    def _one_of_each_account(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one of `rows` of each account, SAMPLE of them at most, evenly chosen."""
        _, firsts = np.unique(self.snapshot.requests.account.codes[rows], return_index=True)
        places = np.unique(np.linspace(0, len(firsts) - 1, min(len(firsts), SAMPLE)).astype(np.int64))
        return rows[np.sort(firsts)[places]]

    def _chosen(self, candidate: Candidate) -> list[int]:
        """Return a few requests of different accounts, spread over the campaign."""
        firsts = candidate.rows[np.unique(candidate.account_of, return_index=True)[1]]
        places = np.linspace(0, len(firsts) - 1, min(_EXAMPLES, len(firsts))).astype(np.int64)
        return [int(row) for row in firsts[np.unique(places)]]

    def _example(self, row: int, templates: Sequence[Template]) -> Example:
        """Return one request, shown by the segment that holds most of a template."""
        requests = self.snapshot.requests
        best: tuple[int, str, list[tuple[str, bool]]] = (-1, "", [])
        for place, name in enumerate(PROMPT_SEGMENTS):
            prompt = requests.prompts[row, place]
            if prompt < 0:
                continue
            text = self.snapshot.read_prompts(np.array([prompt]))[0]
            for template in templates:
                pieces = mark(text, template, self._hasher)
                fixed = sum(len(piece) for piece, is_fixed in pieces if is_fixed)
                best = max(best, (fixed, name, pieces), key=lambda found: found[0])
        time = int(requests.time_us[row])
        return Example(
            request_id=str(requests.ids[row]),
            account=requests.account[row],
            timestamp="" if time == NO_TIME else to_iso(time),
            segment=best[1],
            pieces=tuple(Piece(text, is_fixed) for text, is_fixed in best[2]),
        )


def _daily(times: NDArray[np.int64]) -> dict[str, int]:
    """Return how many requests fell on each day, by its date."""
    days, counts = np.unique(times // DAY_US, return_counts=True)
    return {to_iso(int(day) * DAY_US)[:10]: int(n) for day, n in zip(days, counts, strict=True)}
