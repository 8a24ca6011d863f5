"""Search: which logged prompts resemble this text, and in what way.

    copy      whole-text likeness: estimated Jaccard similarity of the shingle sets
    span      shared runs of words: the part of the query's spans that a prompt contains
    meaning   cosine of embeddings, where the index has them

Candidates come from the LSH bands and the span postings (and FAISS); every one is then compared
signature to signature. The most alike are compared shingle by shingle, exactly, where the
index keeps texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.minhash import Fingerprints, similarity
from indexes.snapshot import NO_TIME, Snapshot

LEAST = 0.3
"""Jaccard similarity or containment below which a prompt is not called similar."""
LEAST_COSINE = 0.45
"""With MiniLM unrelated prompts lie around .1; questions about one matter above about .4."""

_WIDEST = 5000  # a span in more texts than this is a common phrase
_EXACT = 50  # candidates compared shingle by shingle


class By(StrEnum):
    """What kind of likeness is asked for."""

    COPY = "copy"
    SPAN = "span"
    MEANING = "meaning"
    ANY = "any"


class Match(msgspec.Struct, frozen=True):
    """A similar prompt with one request that sent it (the first that passes the filters).

    jaccard, containment: 0 to 1, containment being the part of the query found in the prompt.
    cosine: None where no embedding was compared. requests, accounts: how many sent it.
    """

    request_id: str
    account: str
    timestamp: str
    model: str
    jaccard: float
    containment: float
    cosine: float | None
    by: str
    text: str
    requests: int
    accounts: int


@dataclass(frozen=True)
class Filters:
    """Which requests count. Times are microseconds since 1970; None is no bound."""

    account: str | None = None
    model: str | None = None
    since_us: int | None = None
    until_us: int | None = None


Neighbours = Callable[[str, int], tuple[NDArray[np.int64], NDArray[np.float32]]]
"""Search by meaning: (text, k) → (prompts, cosine), best first."""


def search(
    snapshot: Snapshot,
    text: str,
    *,
    by: By = By.ANY,
    limit: int = 10,
    filters: Filters = Filters(),
    neighbours: Neighbours | None = None,
) -> list[Match]:
    """Return the prompts most like a text, best first; empty when nothing is similar.

    `neighbours` answers for meaning; without it By.ANY means copies and spans.
    """
    query = snapshot.workspace.hasher.fingerprint(pa.array([text]))
    prompts = _candidates(snapshot, query, by)
    cosines: dict[int, float] = {}
    if neighbours is not None and by in (By.MEANING, By.ANY):
        near, cosine = neighbours(text, 10 * limit)
        cosines = {int(p): float(c) for p, c in zip(near, cosine, strict=True) if c >= LEAST_COSINE}
        prompts = np.union1d(prompts, np.fromiter(cosines, dtype=np.int64))
    if len(prompts) == 0:
        return []
    scored = _score(snapshot, query, text, prompts, cosines, by)
    return _matches(snapshot, text, scored, limit, filters)


@dataclass(frozen=True)
class _Scored:
    """A prompt with its likeness to the query."""

    prompt: int
    jaccard: float
    containment: float
    cosine: float | None
    by: By

    @property
    def rank(self) -> tuple[float, float, int]:
        return (-max(self.jaccard, self.containment, self.cosine or 0.0), -self.jaccard, self.prompt)


def _candidates(snapshot: Snapshot, query: Fingerprints, by: By) -> NDArray[np.int64]:
    """Return the prompts that share a band or a span with the query."""
    found = [np.empty(0, np.int64)]
    for segment, first in zip(snapshot.segments, snapshot.first_text[:-1], strict=True):
        if by in (By.COPY, By.ANY) and query.visible[0]:
            found.append(segment.bands.candidates(query.signatures[0]) + first)
        if by in (By.COPY, By.SPAN, By.ANY) and len(query.span_hashes):
            texts, _ = segment.postings.matches(query.span_hashes, _WIDEST)
            found.append(texts + first)
    return np.unique(snapshot.prompt_of[np.concatenate(found)]).astype(np.int64)


def _score(
    snapshot: Snapshot,
    query: Fingerprints,
    text: str,
    prompts: NDArray[np.int64],
    cosines: dict[int, float],
    by: By,
) -> list[_Scored]:
    """Return the prompts that are similar enough, best first."""
    jaccard = similarity(snapshot.signatures[prompts], query.signatures[0])
    contained = _contained(snapshot, query, prompts)
    order = np.argsort(-np.maximum(jaccard, contained), kind="stable")
    exact = order[:_EXACT]
    if snapshot.workspace.manifest.with_text:
        mine = snapshot.workspace.hasher.shingles(text)
        for place, other in zip(exact, snapshot.read_prompts(prompts[exact]), strict=True):
            theirs = snapshot.workspace.hasher.shingles(other)
            both = np.intersect1d(mine, theirs, assume_unique=True).size
            jaccard[place] = both / max(1, mine.size + theirs.size - both)
            contained[place] = both / max(1, mine.size)
    scored = []
    for i, prompt in enumerate(prompts.tolist()):
        cosine = cosines.get(prompt)
        if by is By.COPY:
            kind, least = By.COPY, jaccard[i]
        elif by is By.SPAN:
            kind, least = By.SPAN, contained[i]
        elif by is By.MEANING:
            kind, least = By.MEANING, LEAST if cosine is not None else 0.0
        else:
            least = LEAST if cosine is not None else max(jaccard[i], contained[i])
            kind = By.COPY if jaccard[i] >= LEAST else By.SPAN if contained[i] >= LEAST else By.MEANING
        if least >= LEAST:
            scored.append(_Scored(prompt, float(jaccard[i]), float(contained[i]), cosine, kind))
    return sorted(scored, key=lambda s: s.rank)


def _contained(snapshot: Snapshot, query: Fingerprints, prompts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the part of the query's sampled spans that each prompt contains."""
    counts = np.zeros(len(prompts))
    wanted = len(np.unique(query.span_hashes))
    if wanted == 0:
        return counts
    for segment, first in zip(snapshot.segments, snapshot.first_text[:-1], strict=True):
        texts, shared = segment.postings.matches(query.span_hashes, np.iinfo(np.int64).max)
        owners = snapshot.prompt_of[texts + first]
        places = np.searchsorted(prompts, owners).clip(max=len(prompts) - 1)
        mine = prompts[places] == owners
        np.maximum.at(counts, places[mine], shared[mine] / wanted)
    return counts


def _matches(
    snapshot: Snapshot, text: str, scored: list[_Scored], limit: int, filters: Filters
) -> list[Match]:
    """Return the first matches that have a request passing the filters."""
    requests = snapshot.requests
    allowed = _allowed(snapshot, filters)
    found: list[tuple[_Scored, str, NDArray[np.int64]]] = []
    rows_of = _rows_of(snapshot, np.array([s.prompt for s in scored], dtype=np.int64), allowed)
    for s in scored:
        rows = rows_of.get(s.prompt)
        if rows is not None:
            found.append((s, "", rows))
        if len(found) >= limit + 20:
            break
    texts = snapshot.read_prompts(np.array([s.prompt for s, _, _ in found], dtype=np.int64))
    found = [(s, shown, rows) for (s, _, rows), shown in zip(found, texts, strict=True)]
    # Among equals, the prompt spelt exactly like the query comes first.
    found.sort(key=lambda f: (f[0].rank[:2], f[1] != text, f[0].prompt))
    matches = []
    for s, shown, rows in found[:limit]:
        row = int(rows[np.argsort(requests.time_us[rows], kind="stable")[0]])
        matches.append(
            Match(
                request_id=str(requests.ids[row]),
                account=requests.account[row],
                timestamp=timestamp(int(requests.time_us[row])),
                model=requests.model[row],
                jaccard=round(s.jaccard, 4),
                containment=round(s.containment, 4),
                cosine=None if s.cosine is None else round(s.cosine, 4),
                by=str(s.by),
                text=shown,
                requests=len(rows),
                accounts=len(np.unique(requests.account.codes[rows])),
            )
        )
    return matches


def _allowed(snapshot: Snapshot, filters: Filters) -> NDArray[np.bool_]:
    """Return which requests pass the filters."""
    requests = snapshot.requests
    allowed = np.ones(len(requests), dtype=np.bool_)
    for codes, wanted in ((requests.account, filters.account), (requests.model, filters.model)):
        if wanted is not None:
            number = codes.values.index(wanted).as_py()
            allowed &= codes.codes == number
    if filters.since_us is not None:
        allowed &= requests.time_us >= filters.since_us
    if filters.until_us is not None:
        allowed &= (requests.time_us < filters.until_us) & (requests.time_us != NO_TIME)
    return allowed


def _rows_of(
    snapshot: Snapshot, prompts: NDArray[np.int64], allowed: NDArray[np.bool_]
) -> dict[int, NDArray[np.int64]]:
    """Return the allowed requests of each prompt, in any segment."""
    wanted = np.zeros(len(snapshot.text_of) + 1, dtype=np.bool_)  # the last entry stands for "none"
    wanted[prompts] = True
    hit = wanted[snapshot.requests.prompts] & allowed[:, None]
    rows, places = np.nonzero(hit)
    owner = snapshot.requests.prompts[rows, places]
    order = np.lexsort((rows, owner))
    rows, owner = rows[order], owner[order]
    names, starts = np.unique(owner, return_index=True)
    return {int(name): np.unique(mine) for name, mine in zip(names, np.split(rows, starts[1:]), strict=False)}


def timestamp(time_us: int) -> str:
    """Return a time as ISO 8601 in UTC, or "" for none."""
    from promptlog.times import to_iso

    return "" if time_us == NO_TIME else to_iso(time_us)
