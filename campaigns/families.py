"""Template families: prompts of several accounts that share fixed text.

A run of words that many accounts send is template; what differs between accounts is slot. So
the sampled spans (see `indexes.spans`) are counted over distinct accounts, the rare ones are
dropped, and spans that go together are one template: two spans are joined when they stand near
each other in at least half of the prompts that hold either. (Half of EITHER, so a popular
phrase inside many templates does not weld them together.) Prompts that hold at least half of a
template's spans are its family.

Texts too short to hold a span ("hello") form families as near copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Ints, Senders, expand_ranges
from campaigns.components import components

MIN_ACCOUNTS = 5
"""Fewer accounts than this share by accident: colleagues, a class exercise, a quotation."""

_REACH = 3  # spans this many places apart in a text count as neighbours
_TOGETHER = 0.5
_MEMBER = 0.5


@dataclass(frozen=True)
class Families:
    """Template families and their prompts.

    family, prompt: (m,) parallel, sorted by family, then prompt; a prompt may be in several.
    size: number of families. kind: (size,) "spans" or "lexical", how the family holds together.
    """

    family: NDArray[np.int64]
    prompt: NDArray[np.int64]
    kind: NDArray[np.str_]

    @property
    def size(self) -> int:
        """How many families there are."""
        return len(self.kind)

    def prompts_of(self, family: int) -> NDArray[np.int64]:
        """Return one family's prompts, ascending."""
        first, last = np.searchsorted(self.family, [family, family + 1])
        return self.prompt[first:last]


@dataclass(frozen=True)
class _SharedSpans:
    """Spans that enough accounts share: row i says span[i] stands in prompt[i], in text order."""

    span: NDArray[np.int64]
    prompt: NDArray[np.int64]
    count: int


def find_families(
    spans: tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint32]],
    senders: Senders,
    near_copies: NDArray[np.int64],
    *,
    min_accounts: int = MIN_ACCOUNTS,
) -> Families:
    """Return the families of all prompts.

    spans: (hashes, prompts, places) sorted by hash, as `Snapshot.spans` gives them.
    near_copies: (prompts,) cluster labels.
    """
    shared = _shared_spans(spans, senders, min_accounts)
    family, prompt, count = _span_families(shared)
    lexical_family, lexical_prompt, more = _lexical_families(near_copies, senders, prompt, min_accounts)
    kind = np.array(["spans"] * count + ["lexical"] * more)
    return Families(
        np.concatenate([family, lexical_family + count]), np.concatenate([prompt, lexical_prompt]), kind
    )


def _shared_spans(
    spans: tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.uint32]], senders: Senders, least: int
) -> _SharedSpans:
    hashes, prompts, places = spans
    if len(hashes) == 0:
        return _SharedSpans(np.empty(0, np.int64), np.empty(0, np.int64), 0)
    first = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]]))
    last = np.concatenate([first[1:], [len(hashes)]])
    # The sum of senders bounds the distinct ones from above and drops nearly everything.
    bound = np.add.reduceat(senders.count[prompts], first)
    hopeful = np.flatnonzero(bound >= least)
    rows, span = expand_ranges(first[hopeful], last[hopeful])
    accounts = senders.distinct(span, prompts[rows], len(hopeful))
    kept = accounts >= least
    number = np.cumsum(kept) - 1
    mine = kept[span]
    rows, span = rows[mine], number[span[mine]]
    order = np.lexsort((places[rows], prompts[rows]))
    return _SharedSpans(span[order], prompts[rows][order].astype(np.int64), int(kept.sum()))


def _span_families(shared: _SharedSpans) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return (family, prompt, number of families)."""
    total = max(shared.count, 1)
    held = np.unique(shared.prompt * total + shared.span)  # each span once per prompt
    prompt, span = held // total, held % total
    label = components(shared.count, _joined(shared, np.bincount(span, minlength=total)))
    names, family_of = np.unique(label, return_inverse=True)
    count = len(names)
    spans_in_family = np.bincount(family_of, minlength=count)
    pairs, found = np.unique(
        family_of[span] * np.int64(prompt.max(initial=0) + 1) + prompt, return_counts=True
    )
    family, prompt = pairs // (prompt.max(initial=0) + 1), pairs % (prompt.max(initial=0) + 1)
    member = found >= _MEMBER * spans_in_family[family]
    return family[member], prompt[member], count


def _joined(shared: _SharedSpans, prompts_with: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (m, 2) pairs of spans that go together."""
    total = np.int64(max(shared.count, 1))
    together = []
    for reach in range(1, _REACH + 1):
        same = shared.prompt[reach:] == shared.prompt[:-reach]
        left, right = shared.span[:-reach][same], shared.span[reach:][same]
        pair = np.minimum(left, right) * total + np.maximum(left, right)
        together.append(np.stack([pair, shared.prompt[reach:][same]], axis=1)[left != right])
    found = np.unique(np.concatenate(together), axis=0)
    pair, count = np.unique(found[:, 0], return_counts=True)
    left, right = pair // total, pair % total
    kept = count >= _TOGETHER * np.maximum(prompts_with[left], prompts_with[right])
    return np.stack([left[kept], right[kept]], axis=1)


def _lexical_families(
    near_copies: NDArray[np.int64], senders: Senders, covered: Ints, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return (family, prompt, number of families) of near-copy clusters without a shared span."""
    labels, cluster = np.unique(near_copies, return_inverse=True)
    accounts = senders.distinct(cluster, np.arange(len(cluster)), len(labels))
    has_span = np.zeros(len(labels), dtype=np.bool_)
    has_span[cluster[covered]] = True
    kept = (accounts >= least) & ~has_span
    number = np.cumsum(kept) - 1
    prompt = np.flatnonzero(kept[cluster])
    family = number[cluster[prompt]]
    order = np.lexsort((prompt, family))
    return family[order], prompt[order], int(kept.sum())
