"""The template of a family as text: what its prompts share, with {slot} in the gaps.

A few prompts from different accounts are laid side by side. A word belongs to the template when
a run of three words around it stands in at least half of the prompts; everything else is slot.
A single fixed word between two slots ("Answer:") has no such run: inside a slot, a word that
nearly every prompt has there exactly once is fixed too.

The prompt that shows most of the template in the fewest words is printed, its slots cut out, so
the fixed text keeps its punctuation and spelling.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.minhash import MinHasher

SLOT = "{slot}"
SAMPLE = 40
"""Prompts that a template is induced from; more change nothing."""

_RUN = 3
_SHARED = 0.5
_SINGLE = 0.9
_FEW = 4  # from fewer prompts than this a single word proves nothing


@dataclass(frozen=True)
class Template:
    """text: fixed spans joined by {slot}. runs: hashes of the three-word runs of the fixed text;
    words: token hashes of fixed words that stand alone between slots.
    """

    text: str
    runs: frozenset[int]
    words: frozenset[int] = frozenset()


def induce(texts: Sequence[str], hasher: MinHasher) -> Template:
    """Return the template of texts that share one; texts come from different accounts."""
    token_lists = [hasher.tokens(text)[0] for text in texts]
    run_lists = [_runs(tokens) for tokens in token_lists]
    counts = Counter(run for runs in run_lists for run in set(runs.tolist()))
    needed = max(2, _SHARED * len(texts)) if len(texts) > 1 else 1
    shared = frozenset(run for run, count in counts.items() if count >= needed)
    if not shared:
        return Template(SLOT, shared)
    shown = max(
        range(len(texts)),
        key=lambda i: (len(shared.intersection(run_lists[i].tolist())), -len(token_lists[i]), -i),
    )
    words = _single_words(token_lists, shared)
    found = Template("", shared, words)
    text = "".join(piece if fixed else SLOT for piece, fixed in mark(texts[shown], found, hasher))
    return Template(text, shared, words)


def mark(text: str, template: Template, hasher: MinHasher) -> list[tuple[str, bool]]:
    """Split a text into (piece, is template) pairs that join to the text again."""
    tokens, starts, ends = hasher.tokens(text)
    raw = text.encode("utf-8", "replace")
    fixed = _fixed(tokens, template.runs)
    for first, last in _stretches(~fixed):
        for i in _once(tokens[first : last + 1]):
            fixed[first + i] |= int(tokens[first + i]) in template.words
    pieces: list[tuple[str, bool]] = []
    rest = 0
    for first, last in _stretches(fixed):
        before = raw[rest : starts[first]].decode("utf-8", "replace")
        inside = raw[starts[first] : ends[last]].decode("utf-8", "replace")
        after = raw[ends[last] :].decode("utf-8", "replace")
        # Brackets, colons and quotes that touch fixed words belong to them.
        kept = before[: len(before) - _marks(reversed(before))]
        follow = _marks(iter(after))
        pieces += [(kept, False), (before[len(kept) :] + inside + after[:follow], True)]
        rest = int(ends[last]) + len(after[:follow].encode())
    pieces.append((raw[rest:].decode("utf-8", "replace"), False))
    return [(piece, fixed or not piece.strip()) for piece, fixed in pieces if piece]


def _runs(tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash for every run of three tokens (of all tokens in a shorter text)."""
    if len(tokens) == 0:
        return tokens
    size = min(_RUN, len(tokens))
    runs = np.zeros(len(tokens) - size + 1, dtype=np.uint64)
    for offset in range(size):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + tokens[offset : offset + len(runs)]
    return runs


def _fixed(tokens: NDArray[np.uint64], shared: frozenset[int]) -> NDArray[np.bool_]:
    """Return which tokens lie in a shared run."""
    fixed = np.zeros(len(tokens), dtype=np.bool_)
    for i, run in enumerate(_runs(tokens).tolist()):
        if run in shared:
            fixed[i : i + _RUN] = True
    return fixed


def _single_words(token_lists: list[NDArray[np.uint64]], shared: frozenset[int]) -> frozenset[int]:
    """Return the words that nearly every prompt has exactly once in the same slot."""
    gaps = []
    for tokens in token_lists:
        slots = list(_stretches(~_fixed(tokens, shared)))
        gaps.append(
            [{int(tokens[first + i]) for i in _once(tokens[first : last + 1])} for first, last in slots]
        )
    usual = Counter(len(slots) for slots in gaps).most_common(1)[0][0]
    alike = [slots for slots in gaps if len(slots) == usual]
    if len(alike) < _FEW:
        return frozenset()
    found: set[int] = set()
    for slot in range(usual):
        counts = Counter(word for slots in alike for word in slots[slot])
        found |= {word for word, count in counts.items() if count >= _SINGLE * len(alike)}
    return frozenset(found)


def _once(tokens: NDArray[np.uint64]) -> list[int]:
    """Return the places of the tokens that occur exactly once."""
    _, first, counts = np.unique(tokens, return_index=True, return_counts=True)
    return [int(place) for place in first[counts == 1]]


def _stretches(flags: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield (first, last) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    for first, after in edges.reshape(-1, 2).tolist():
        yield first, after - 1


def _marks(characters: Iterator[str]) -> int:
    """Return how many punctuation marks and symbols come first."""
    count = 0
    for char in characters:
        if unicodedata.category(char)[0] not in "PS":
            break
        count += 1
    return count
