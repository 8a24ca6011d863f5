"""Search: which logged prompts resemble this text, and in what way.

    copy      whole-text likeness: estimated Jaccard similarity of the shingle sets
    span      shared runs of words: the part of the query's spans that a prompt contains
    meaning   cosine of embeddings, where the index has them

Candidates come from the LSH bands and the span postings (and FAISS); `likeness` compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexes.likeness import Likeness
from indexes.snapshot import NO_TIME, Snapshot
from promptlog.times import to_iso

LEAST = 0.3
"""Jaccard similarity or containment below which a prompt is not called similar."""
LEAST_COSINE = 0.45
"""With MiniLM unrelated prompts lie around .1; questions about one matter above about .4."""

_WIDEST = 5000  # a span in more texts than this is a common phrase
_EQUALS = 20


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


_MEASURE = {By.COPY: "jaccard", By.SPAN: "containment", By.MEANING: "cosine", By.ANY: "best"}


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
    prompts = _candidates(snapshot, text, by)
    cosines: dict[int, float] = {}
    if neighbours is not None and by in (By.MEANING, By.ANY):
        near, cosine = neighbours(text, 10 * limit)
        cosines = {int(p): float(c) for p, c in zip(near, cosine, strict=True) if c >= LEAST_COSINE}
        prompts = np.union1d(prompts, np.fromiter(cosines, dtype=np.int64))
    allowed = None if filters == Filters() else _allowed(snapshot, filters)
    prompts = _sent(snapshot, prompts, allowed)
    if len(prompts) == 0:
        return []
    likeness = Likeness(snapshot, text, prompts, np.array([cosines.get(int(p), np.nan) for p in prompts]))
    # A few more than asked for, so that the query's own spelling is among its equals.
    head = likeness.head(_MEASURE[by], limit + _EQUALS)
    return _matches(likeness, by, head, allowed)[:limit]


def _candidates(snapshot: Snapshot, text: str, by: By) -> NDArray[np.int64]:
    """Return the prompts that share a band or a span with the text, ascending."""
    query = snapshot.workspace.hasher.fingerprint(pa.array([text]))
    found = [np.empty(0, np.int64)]
    for segment, first in zip(snapshot.segments, snapshot.first_text[:-1], strict=True):
        if by in (By.COPY, By.ANY) and query.visible[0]:
            found.append(segment.bands.candidates(query.signatures[0]) + first)
        if by in (By.COPY, By.SPAN, By.ANY) and len(query.span_hashes):
            texts, _ = segment.postings.matches(query.span_hashes, _WIDEST)
            found.append(texts + first)
    return np.unique(snapshot.prompt_of[np.concatenate(found)]).astype(np.int64)


def _sent(
    snapshot: Snapshot, prompts: NDArray[np.int64], allowed: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """Return the prompts that a request passing the filters holds."""
    if allowed is None:
        return prompts
    held = snapshot.requests.prompts[allowed]
    return np.intersect1d(prompts, held[held >= 0])


def _matches(
    likeness: Likeness, by: By, places: NDArray[np.int64], allowed: NDArray[np.bool_] | None
) -> list[Match]:
    """Return the matches at some places that are similar enough, in order."""
    snapshot, requests = likeness.snapshot, likeness.snapshot.requests
    alike = [(int(place), kind) for place in places if (kind := _kind(likeness, int(place), by)) is not None]
    prompts = likeness.prompts[[place for place, _ in alike]] if alike else np.empty(0, np.int64)
    rows_of = _rows_of(snapshot, prompts, allowed)
    found = []
    for (place, kind), prompt, shown in zip(
        alike, prompts.tolist(), snapshot.read_prompts(prompts), strict=True
    ):
        rows, cosine = rows_of[prompt], likeness.cosine[place]
        row = int(rows[np.argsort(requests.time_us[rows], kind="stable")[0]])
        found.append(
            Match(
                request_id=str(requests.ids[row]),
                account=requests.account[row],
                timestamp=timestamp(int(requests.time_us[row])),
                model=requests.model[row],
                jaccard=round(float(likeness.jaccard[place]), 4),
                containment=round(float(likeness.containment[place]), 4),
                cosine=None if np.isnan(cosine) else round(float(cosine), 4),
                by=str(kind),
                text=shown,
                requests=len(rows),
                accounts=len(np.unique(requests.account.codes[rows])),
            )
        )
    # Among perfect copies, the prompt spelt exactly like the query comes first.
    perfect = [match for match in found if match.jaccard == 1]
    perfect.sort(key=lambda match: match.text != likeness.text)
    return perfect + [match for match in found if match.jaccard < 1]


def _kind(likeness: Likeness, place: int, by: By) -> By | None:
    """Return in what way a candidate is similar, None when it is not similar enough."""
    near = not np.isnan(likeness.cosine[place])
    if by in (By.COPY, By.ANY) and likeness.jaccard[place] >= LEAST:
        return By.COPY
    if by in (By.SPAN, By.ANY) and likeness.containment[place] >= LEAST:
        return By.SPAN
    return By.MEANING if by in (By.MEANING, By.ANY) and near else None


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
    snapshot: Snapshot, prompts: NDArray[np.int64], allowed: NDArray[np.bool_] | None
) -> dict[int, NDArray[np.int64]]:
    """Return the allowed requests of each prompt, in any segment."""
    wanted = np.zeros(len(snapshot.text_of) + 1, dtype=np.bool_)  # the last entry stands for "none"
    wanted[prompts] = True
    hit = wanted[snapshot.requests.prompts]
    if allowed is not None:
        hit &= allowed[:, None]
    rows, places = np.nonzero(hit)
    owner = snapshot.requests.prompts[rows, places]
    order = np.lexsort((rows, owner))
    rows, owner = rows[order], owner[order]
    names, starts = np.unique(owner, return_index=True)
    split = np.split(rows, starts[1:])
    return {int(name): np.unique(mine) for name, mine in zip(names, split, strict=False)}


def timestamp(time_us: int) -> str:
    """Return a time as ISO 8601 in UTC, or "" for none."""
    return "" if time_us == NO_TIME else to_iso(time_us)
