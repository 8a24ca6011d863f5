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

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Ints, Senders
from campaigns.components import components
from campaigns.shared import SharedSpans

MIN_ACCOUNTS = 5
"""Fewer accounts than this share by accident: colleagues, a class exercise, a quotation."""

_REACH = 3  # spans this many places apart in a text count as neighbours
_TOGETHER = 0.5
_MEMBER = 0.5
_HALF = 31  # bits of a span's number where two make a pair
_AT_ONCE = 1 << 24  # spans whose pairs are counted at a time


@dataclass(frozen=True)
class Families:
    """Template families and their prompts.

    family, prompt: (m,) parallel, sorted by family, then prompt; a prompt may be in several.
    size: number of families. kind: (size,) "spans", "lexical" or "semantic", how the family holds together.
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


def find_families(
    postings: Iterable[tuple[NDArray[np.uint64], int]],
    senders: Senders,
    near_copies: NDArray[np.int64],
    *,
    min_accounts: int = MIN_ACCOUNTS,
) -> Families:
    """Return the families of all prompts.

    postings: ranges of spans as `Snapshot.spans` yields them. near_copies: (prompts,) cluster
    labels.
    """
    shared = SharedSpans.of(postings, senders, min_accounts)
    try:
        family_of = span_families(shared.count, _joined(shared))
        found = [holders(first + prompt, span, family_of) for first, prompt, span in shared.by_prompt()]
    finally:
        shared.close()
    members = np.concatenate(found)
    lexical = _of_near_copies(near_copies, senders, members[:, 1], min_accounts)
    return families(members, int(family_of.max(initial=-1)) + 1, *lexical)


def families(
    members: NDArray[np.int64], count: int, lexical: NDArray[np.int64], labels: NDArray[np.int64]
) -> Families:
    """Return the `count` families of shared spans and those of near copies as one.

    members: (m, 2) family and prompt. lexical: (n, 2) cluster label and prompt. labels: the clusters that
    are families, ascending.
    """
    found = np.concatenate([members, lexical])
    found[len(members) :, 0] = np.searchsorted(labels, lexical[:, 0]) + count
    family, prompt = found[np.lexsort((found[:, 1], found[:, 0]))].T
    return Families(family, prompt, np.array(["spans"] * count + ["lexical"] * len(labels)))


def span_families(count: int, together: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (count,) family of each span, given the (m, 2) pairs of spans that go together."""
    return np.asarray(np.unique(components(count, together), return_inverse=True)[1])


def holders(
    prompt: NDArray[np.int64], span: NDArray[np.int64], family_of: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return (m, 2): the families of which a prompt holds enough spans, and the prompt.

    prompt, span: (n,) sorted by prompt.
    """
    return np.stack(_members(prompt, family_of[span], span, np.bincount(family_of), _MEMBER), axis=1)


def _joined(shared: SharedSpans) -> NDArray[np.int64]:
    """Return the (m, 2) pairs of spans that go together."""
    held = np.zeros(shared.count, dtype=np.int64)
    tallies = [np.empty((0, 2), np.int64)]
    for _, prompt, span in shared.by_prompt():
        tallies += neighbours(prompt, span, held)
    return together(np.concatenate(tallies), held)


def neighbours(
    prompt: NDArray[np.int64], span: NDArray[np.int64], held: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Return tallies of the pairs of spans that stand near each other, for `together`.

    prompt, span: (n,) sorted by prompt, then place. held: (spans,) raised by the number of prompts
    that hold each.
    """
    tallies, cut = [], 0
    while cut < len(prompt):  # a part at a time, never within a prompt
        end = int(np.searchsorted(prompt, prompt[min(cut + _AT_ONCE, len(prompt)) - 1], side="right"))
        pairs = _neighbours(prompt[cut:end], span[cut:end], held)
        pairs.sort()
        tallies.append(_tally(pairs, np.ones(len(pairs), np.int64)))
        cut = end
    return tallies


def summed(tallies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (m, 2) tallies, a number and its count, with each number once, ascending."""
    number, count = tallies.T
    order = np.argsort(number, kind="stable")
    return np.asarray(_tally(number[order], count[order]))


def together(tallies: NDArray[np.int64], held: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (m, 2) pairs of spans that stand near each other in most prompts that hold either."""
    pair, count = summed(tallies).T
    left, right = pair >> _HALF, pair & ((1 << _HALF) - 1)
    kept = count >= _TOGETHER * np.maximum(held[left], held[right])
    return np.stack([left[kept], right[kept]], axis=1)


@njit(nogil=True, cache=True)
def _neighbours(prompt, span, held):  # type: ignore[no-untyped-def]
    """Return the pairs (lower span << _HALF | higher) that stand near each other, once a prompt.

    prompt, span: (m,) sorted by prompt, then place. held: (spans,) raised by the number of
    prompts that hold each.
    """
    out = np.empty(_REACH * prompt.size, dtype=np.int64)
    made, first = 0, 0
    while first < prompt.size:
        last = first
        while last < prompt.size and prompt[last] == prompt[first]:
            last += 1
        own = made
        for i in range(first, last):
            for j in range(i + 1, min(i + 1 + _REACH, last)):
                if span[i] != span[j]:
                    out[made] = min(span[i], span[j]) << _HALF | max(span[i], span[j])
                    made += 1
        made = own + _distinct(out[own:made])
        spans = np.sort(span[first:last])
        for i in range(spans.size):
            if i == 0 or spans[i] != spans[i - 1]:
                held[spans[i]] += 1
        first = last
    return out[:made]


@njit(nogil=True, cache=True)
def _distinct(values):  # type: ignore[no-untyped-def]
    """Move the distinct values to the front, ascending; return how many."""
    values[:] = np.sort(values)
    made = 0
    for i in range(values.size):
        if i == 0 or values[i] != values[made - 1]:
            values[made] = values[i]
            made += 1
    return made


@njit(nogil=True, cache=True)
def _tally(values, counts):  # type: ignore[no-untyped-def]
    """Return (m, 2): the distinct of ascending values, and the sum of the counts of each."""
    out = np.empty((values.size, 2), dtype=np.int64)
    made = 0
    for i in range(values.size):
        if made > 0 and out[made - 1, 0] == values[i]:
            out[made - 1, 1] += counts[i]
        else:
            out[made, 0], out[made, 1] = values[i], counts[i]
            made += 1
    return out[:made]


@njit(nogil=True, cache=True)
def _members(prompt, family, span, size, part):  # type: ignore[no-untyped-def]
    """Return (families, prompts): who holds at least a part of which family's spans.

    prompt, family, span: (m,) sorted by prompt. size: (families,) spans of each family.
    """
    families, prompts = np.empty(prompt.size, np.int64), np.empty(prompt.size, np.int64)
    made, first = 0, 0
    while first < prompt.size:
        last = first
        while last < prompt.size and prompt[last] == prompt[first]:
            last += 1
        own = np.sort(family[first:last] << _HALF | span[first:last])
        held = 0
        for i in range(own.size):
            held += i == 0 or own[i] != own[i - 1]
            if i + 1 == own.size or own[i + 1] >> _HALF != own[i] >> _HALF:
                if held >= part * size[own[i] >> _HALF]:
                    families[made], prompts[made] = own[i] >> _HALF, prompt[first]
                    made += 1
                held = 0
        first = last
    return families[:made], prompts[:made]


def _of_near_copies(
    near_copies: NDArray[np.int64], senders: Senders, covered: Ints, least: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (label and prompt, labels) of the near-copy clusters without a shared span, see `families`."""
    labels, cluster = np.unique(near_copies, return_inverse=True)
    accounts = senders.distinct(cluster, np.arange(len(cluster)), len(labels))
    has_span = np.zeros(len(labels), dtype=np.bool_)
    has_span[cluster[covered]] = True
    kept = (accounts >= least) & ~has_span
    prompt = np.flatnonzero(kept[cluster])
    return np.stack([near_copies[prompt], prompt], axis=1), labels[kept]
