"""Search: which logged prompts resemble this text, and in what way.

    copy      whole-text likeness: estimated Jaccard similarity of the shingle sets
    span      shared runs of words: the part of the query's spans that a prompt contains
    meaning   cosine of embeddings, where the index has them

`candidates` proposes texts (`vectors` does for meaning), `likeness` compares them, `senders` says who
sent them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from indexes.candidates import Candidates, spelt_alike
from indexes.likeness import Likeness
from indexes.lsh import fold
from indexes.segment import NO_TIME
from indexes.senders import EVERYTHING, Filters, Sent, first_spellings, passing, sent
from indexes.snapshot import Snapshot
from promptlog.times import to_iso

LEAST = 0.3
"""Jaccard similarity or containment below which a prompt is not called similar."""

_EQUALS = 20
_DEEPEST = 10_000  # neighbours by meaning that are looked through for some that pass the filters
_AGAIN = 100  # of those that pass, or as many as are asked for, are put in order by a slower model


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

Neighbours = Callable[[str, int], tuple[NDArray[np.uint64], NDArray[np.float32]]]
"""Search by meaning: (text, k) → (canonical hashes of similar prompts, cosines), best first."""

Reorder = Callable[[str, NDArray[np.uint64]], tuple[NDArray[np.uint64], NDArray[np.float32]]]
"""The same of some prompts, compared once more: (text, their hashes) → (those still similar, cosines)."""


@dataclass(frozen=True)
class _Prompts:
    """Candidates as prompts: the canonical form of each and one text of it."""

    canonical: NDArray[np.uint64]
    texts: NDArray[np.int64]


def search(
    snapshot: Snapshot,
    text: str,
    *,
    by: By = By.ANY,
    limit: int = 10,
    filters: Filters = EVERYTHING,
    neighbours: Neighbours | None = None,
    reorder: Reorder | None = None,
) -> list[Match]:
    """Return the prompts most like a text, best first; empty when nothing is similar.

    `neighbours` answers for meaning; without it By.ANY means copies and spans. `reorder` has the last word
    on what is near.
    """
    query = snapshot.workspace.hasher.fingerprint(pa.array([text]))
    candidates, texts = Candidates(snapshot, query), [np.empty(0, np.int64)]
    if by in (By.COPY, By.ANY):
        texts.append(candidates.by_copy())
    if by in (By.COPY, By.SPAN, By.ANY):
        texts.append(candidates.by_span())
    texts = [passing(snapshot, np.unique(np.concatenate(texts)), filters)]
    cosines: dict[int, float] = {}
    if neighbours is not None and by in (By.MEANING, By.ANY):
        cosines, near = _by_meaning(snapshot, text, neighbours, limit, filters, reorder)
        texts.append(near)
    prompts = _prompts(snapshot, np.unique(np.concatenate(texts)))
    if len(prompts.texts) == 0:
        return []
    likeness = Likeness(
        snapshot, text, fold(query.signatures[0]), prompts.texts,
        candidates.containment(prompts.texts),
        _looked_up(cosines, prompts.canonical),
    )  # fmt: skip
    # A few more than asked for, so that the query's own spelling is among its equals.
    head = likeness.head(_MEASURE[by], limit + _EQUALS)
    return _matches(likeness, prompts, by, head, limit, filters)


def _by_meaning(
    snapshot: Snapshot,
    text: str,
    neighbours: Neighbours,
    limit: int,
    filters: Filters,
    reorder: Reorder | None,
) -> tuple[dict[int, float], NDArray[np.int64]]:
    """Return the cosines of the nearest prompts and their texts, further afield where filters bite."""
    count = 10 * limit
    while True:
        near, cosine = neighbours(text, count)
        texts = passing(snapshot, np.unique(spelt_alike(snapshot, near)[0]), filters)
        if filters == EVERYTHING or len(texts) >= limit or len(near) < count or count >= _DEEPEST:
            break
        count *= 8
    if reorder is not None:
        every, whose = spelt_alike(snapshot, near)
        passed = np.unique(whose[np.isin(every, texts)])  # best first, as `near` is
        near, cosine = reorder(text, near[passed[: max(limit, _AGAIN)]])
        texts = np.intersect1d(texts, spelt_alike(snapshot, near)[0])
    return dict(zip(near.tolist(), cosine.tolist(), strict=True)), texts


def _looked_up(cosines: dict[int, float], canonical: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the (n,) cosines of some prompts, NaN where none is known."""
    if not cosines:
        return np.full(len(canonical), np.nan)
    return np.array([cosines.get(form, np.nan) for form in canonical.tolist()])


def _prompts(snapshot: Snapshot, texts: NDArray[np.int64]) -> _Prompts:
    """Return the prompts of some texts (ascending), each by the first of its texts, ascending."""
    canonical = np.empty(len(texts), dtype=np.uint64)
    for _, segment, places, rows in snapshot.by_segment(texts):
        canonical[places] = segment.canonical[rows]
    _, first = np.unique(canonical, return_index=True)
    first.sort()
    return _Prompts(canonical[first], texts[first])


def _matches(
    likeness: Likeness,
    prompts: _Prompts,
    by: By,
    places: NDArray[np.int64],
    limit: int,
    filters: Filters,
) -> list[Match]:
    """Return up to `limit` matches at some places that are similar enough, in order."""
    snapshot = likeness.snapshot
    alike = [place for place in places.tolist() if _kind(likeness, place, by) is not None]
    # Of perfect copies, the prompt spelt exactly like the query comes first.
    perfect = [place for place in alike if likeness.jaccard[place] == 1]
    others = [place for place in alike if likeness.jaccard[place] != 1]
    shown = perfect + others[: max(0, limit - len(perfect))]
    texts, which = spelt_alike(snapshot, prompts.canonical[shown])
    spelt = snapshot.read_texts(first_spellings(snapshot, texts, which))
    order = sorted(range(len(perfect)), key=lambda i: spelt[i] != likeness.text)
    order = [*order, *range(len(perfect), len(shown))][:limit]
    senders = sent(snapshot, [texts[which == i] for i in order], filters)
    return [
        _match(likeness, shown[i], _kind(likeness, shown[i], by), sender, spelt[i])
        for i, sender in zip(order, senders, strict=True)
    ]


def _match(likeness: Likeness, place: int, kind: By | None, sender: Sent, shown: str) -> Match:
    cosine, first = likeness.cosine[place], sender.first
    return Match(
        request_id=first["request_id"],
        account=first["account"],
        timestamp="" if first["time_us"] in (None, NO_TIME) else to_iso(first["time_us"]),
        model=first["model"],
        jaccard=round(float(likeness.jaccard[place]), 4),
        containment=round(float(likeness.containment[place]), 4),
        cosine=None if np.isnan(cosine) else round(float(cosine), 4),
        by=str(kind),
        text=shown,
        requests=sender.requests,
        accounts=sender.accounts,
    )


def _kind(likeness: Likeness, place: int, by: By) -> By | None:
    """Return in what way a candidate is similar, None when it is not similar enough."""
    near = not np.isnan(likeness.cosine[place])
    if by in (By.COPY, By.ANY) and likeness.jaccard[place] >= LEAST:
        return By.COPY
    if by in (By.SPAN, By.ANY) and likeness.containment[place] >= LEAST:
        return By.SPAN
    return By.MEANING if by in (By.MEANING, By.ANY) and near else None
