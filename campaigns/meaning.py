"""Semantic families: requests of one meaning, in no common words, from accounts that meet too often.

Where every request is reworded or translated no span is shared. What is left are neighbours by
meaning: of a prompt among all others, those that are each other's nearest. A topic has those as
well, but a thousand people with one topic meet each other here and there, while the accounts of one
operator, who work off one kind of request, meet again and again. So the unit is the pair of
accounts: a group whose pairs meet densely, and more often than the best of all groups of that size
would by chance, gives one family, of the requests in which its accounts meet.

Prompts with shared text are families already (`families`); meetings inside one of those say nothing
new and are left out. So is what words have shown to be a campaign: a family by meaning crosses the
bounds of pools and templates, which words draw more sharply. Whether a family is a campaign is judged
like any other.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.chance import poisson_tail
from campaigns.communities import communities
from campaigns.families import MIN_ACCOUNTS, Families
from fingerprint.embedding import BULK_MODEL
from indexes.nearest import Read, mutual, neighbours
from indexes.snapshot import Snapshot
from indexes.vectors import stored

Ints = NDArray[np.int64]

NEAR = 0.6  # cosine; unrelated prompts of the bulk encoder lie below .5
NEIGHBOURS = 10
DENSITY = 0.05  # meetings a pair of accounts: a topic has a tenth of that
LEAST_ACCOUNTS = 8
LEAST_REQUESTS, USUAL_REQUESTS = 2, 3  # of each account, of an account in the mean
FALSE_GROUPS = 0.01
"""Expected number of groups in a whole log that chance would make."""

_LEAST_TOKENS = 6  # a greeting has no meaning to share

_NONE = Families(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, "U8"))


def semantic_families(
    snapshot: Snapshot, by_words: Families, senders: Senders, near_copies: Ints, settled: NDArray[np.bool_]
) -> Families:
    """Return the semantic families of an index with bulk vectors; none in another.

    by_words: prompts of one family of these say nothing new to each other. settled: (prompts,) those that
    words have shown to be a campaign's, which are left out.
    """
    if all(one.model != BULK_MODEL for one in snapshot.workspace.manifest.vectors):
        return _NONE
    prompts, read = _vectors(snapshot, senders, near_copies, settled)
    rows, cosines = neighbours(read, len(prompts), NEIGHBOURS)
    here, there = mutual(rows, cosines, NEAR)
    account = senders.accounts[senders.first[prompts]].astype(np.int64)
    texts = np.full(len(senders.count), -1)
    texts[by_words.prompt] = by_words.family
    texts = texts[prompts]
    apart = (account[here] != account[there]) & ((texts[here] != texts[there]) | (texts[here] < 0))
    group = _groups(account, here[apart], there[apart], senders.total_accounts)
    met = _met_inside(rows, cosines, np.float32(NEAR), account, texts, group)
    member = _again_and_again(account, group, np.flatnonzero(met))
    kinds = np.unique(group[account[member]], return_inverse=True)[1]
    order = np.lexsort((prompts[member], kinds))
    count = int(kinds.max(initial=-1)) + 1
    return Families(kinds[order], prompts[member][order], np.full(count, "semantic"))


def _vectors(
    snapshot: Snapshot, senders: Senders, near_copies: Ints, settled: NDArray[np.bool_]
) -> tuple[Ints, Read]:
    """Return (prompts, read): one prompt of each unsettled near-copy cluster that few accounts share, and
    what reads their vectors.
    """
    label, cluster = np.unique(near_copies, return_inverse=True)
    accounts = senders.distinct(cluster, np.arange(len(cluster)), len(label))
    alone = (accounts > 0) & (accounts < MIN_ACCOUNTS) & (snapshot.tokens[label] >= _LEAST_TOKENS)
    chosen = label[alone & (senders.count[label] > 0) & ~settled[label]]
    found, read = stored(snapshot.workspace, BULK_MODEL, snapshot.canonical[chosen])
    return chosen[found], read


def _groups(account: Ints, left: Ints, right: Ints, accounts: int) -> Ints:
    """Return (accounts,) the group of each account, -1 for those that meet nobody beyond chance."""
    ends = np.sort(np.stack([account[left], account[right]]), axis=0)
    pairs, meetings = np.unique(ends[0] * accounts + ends[1], return_counts=True)
    one, two = np.divmod(pairs, max(accounts, 1))
    group = communities(accounts, one, two, meetings.astype(np.float64), DENSITY)
    size = np.bincount(group)
    degree = np.bincount(one, meetings, accounts) + np.bincount(two, meetings, accounts)
    of_group = np.bincount(group, degree)
    inside = np.bincount(group[one], meetings * (group[one] == group[two]), len(size)).astype(np.int64)
    expected = of_group**2 / (2 * max(degree.sum(), 1))
    large = size >= LEAST_ACCOUNTS
    limit = np.array([math.log10(FALSE_GROUPS) - _choices(accounts, int(n)) for n in size[large]])
    kept = np.zeros(len(size), dtype=np.bool_)
    kept[large] = poisson_tail(inside[large], expected[large]) < limit
    return np.where(kept[group], group, -1)


@njit(nogil=True, cache=True)
def _met_inside(rows, cosines, near, account, texts, group):  # type: ignore[no-untyped-def]
    """Return (n,) which prompts have a neighbour, in other words, of another account of their group."""
    met = np.zeros(rows.shape[0], np.bool_)
    for i in range(rows.shape[0]):
        mine = group[account[i]]
        for place in range(rows.shape[1] if mine >= 0 else 0):
            j = rows[i, place]
            if j < 0 or cosines[i, place] < near:
                break
            apart = account[j] != account[i] and (texts[j] != texts[i] or texts[i] < 0)
            met[i] |= apart and group[account[j]] == mine
    return met


def _again_and_again(account: Ints, group: Ints, member: Ints) -> Ints:
    """Return the members without accounts of too few, then without groups of too few accounts."""
    member = member[np.bincount(account[member], minlength=len(group))[account[member]] >= LEAST_REQUESTS]
    accounts = np.bincount(group[np.unique(account[member])], minlength=len(group))
    requests = np.bincount(group[account[member]], minlength=len(group))
    kept = (accounts >= LEAST_ACCOUNTS) & (requests >= USUAL_REQUESTS * accounts)
    return member[kept[group[account[member]]]]


def _choices(total: int, chosen: int) -> float:
    """Return log10 of the number of groups of so many accounts."""
    ways = math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
    return ways / math.log(10)
