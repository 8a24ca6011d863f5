"""The template of a family as text: what its prompts share, with {slot} in the gaps.

A few prompts from different accounts are laid side by side. A word belongs to the template when
a run of three words around it stands in at least half of the prompts; everything else is slot.
The prompt that shows most of the template in the fewest words is printed, its slots cut out, so
the fixed text keeps its punctuation and spelling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fingerprint.minhash import MinHasher

SLOT = "{slot}"
_RUN = 3
_SHARED = 0.5
SAMPLE = 40
"""Prompts that a template is induced from; more change nothing."""


@dataclass(frozen=True)
class Template:
    """text: fixed spans joined by {slot}. runs: token-run hashes that make up the fixed text."""

    text: str
    runs: frozenset[int]


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
    text = "".join(part if fixed else SLOT for part, fixed in mark(texts[shown], shared, hasher))
    return Template(text, shared)


def mark(text: str, runs: frozenset[int], hasher: MinHasher) -> list[tuple[str, bool]]:
    """Split a text into (piece, is template) pairs that join to the text again."""
    tokens, starts, ends = hasher.tokens(text)
    raw = text.encode("utf-8", "replace")
    found = _runs(tokens)
    fixed = np.zeros(len(tokens), dtype=np.bool_)
    for i in np.flatnonzero([run in runs for run in found.tolist()]):
        fixed[i : i + min(_RUN, len(tokens))] = True
    pieces: list[tuple[str, bool]] = []
    at = 0
    for first, last, is_fixed in _stretches(fixed):
        if not is_fixed:
            continue
        begin, end = _with_marks(raw, int(starts[first]), int(ends[last]), at)
        if begin > at:
            pieces.append((raw[at:begin].decode("utf-8", "replace"), False))
        pieces.append((raw[begin:end].decode("utf-8", "replace"), True))
        at = end
    if at < len(raw):
        pieces.append((raw[at:].decode("utf-8", "replace"), False))
    return [(piece, is_fixed or not piece.strip()) for piece, is_fixed in pieces]


def _runs(tokens: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash for every run of three tokens (of all tokens in a shorter text)."""
    if len(tokens) == 0:
        return tokens
    size = min(_RUN, len(tokens))
    runs = np.zeros(len(tokens) - size + 1, dtype=np.uint64)
    for offset in range(size):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + tokens[offset : offset + len(runs)]
    return runs


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
    """Return (first, last, value) of each run of equal flags."""
    if len(flags) == 0:
        return []
    cuts = np.flatnonzero(np.diff(flags)) + 1
    starts = np.concatenate([[0], cuts])
    ends = np.concatenate([cuts, [len(flags)]]) - 1
    return [(int(a), int(b), bool(flags[a])) for a, b in zip(starts, ends, strict=True)]


def _with_marks(raw: bytes, begin: int, end: int, least: int) -> tuple[int, int]:
    """Widen a fixed span over the ASCII punctuation that touches it: brackets, colons, quotes."""
    while begin > least and 0x20 < raw[begin - 1] < 0x7F and not chr(raw[begin - 1]).isalnum():
        begin -= 1
    while end < len(raw) and 0x20 < raw[end] < 0x7F and not chr(raw[end]).isalnum():
        end += 1
    return begin, end
