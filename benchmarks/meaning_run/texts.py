"""Hand-written requests in sixteen languages, and what lies near them without being an answer.

A language's file in `meaning_texts` has 20 frames ("Write a short poem about this topic: {}") and 25
subjects, line by line the same in all. A sentence is one frame with one subject.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_TEXTS = Path(__file__).resolve().parents[1] / "meaning_texts"
FRAMES, SUBJECTS = 20, 25
LANGUAGES = (
    "ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh", "zh-tw",
)  # fmt: skip
REWORDED = "en-other"
_UNSPACED = ("ja", "th", "zh", "zh-tw")


@dataclass(frozen=True)
class Distractors:
    """Texts that are no answer to most sentences. subjects: (n, 2) the subjects' numbers, frames: (n,)
    the frames' to be kept apart from; -1 where a text has none of ours.

    Two subjects of one frame are near misses for every sentence of a third subject. For a sentence of
    one of the two they would be an honest answer, so they are never put before that sentence.
    """

    texts: list[str]
    subjects: NDArray[np.int64]
    frames: NDArray[np.int64]

    @cached_property
    def fair(self) -> NDArray[np.bool_]:
        """Return (sentences, n): which are no answer to which sentence."""
        frame, subject = np.divmod(np.arange(FRAMES * SUBJECTS), SUBJECTS)
        answers = (self.subjects[None] == subject[:, None, None]).any(axis=2)
        return np.asarray(~answers & (self.frames[None] != frame[:, None]))

    def least(self) -> int:
        """Return how many at least are put before a sentence."""
        return int(self.fair.sum(axis=1).min())


def lines(name: str) -> tuple[list[str], list[str]]:
    """Return the frames and the subjects of a language."""
    found = (_TEXTS / f"{name}.txt").read_text("utf-8").split("\n")
    return found[:FRAMES], [line for line in found[FRAMES:] if line]


def sentences(name: str) -> list[str]:
    """Return the 500 sentences of a language, in one order for all: sentence i has subject i % SUBJECTS."""
    frames, subjects = lines(name)
    return [frame.replace("{}", subject) for frame in frames for subject in subjects]


def distractors(count: int, *, other_frames: bool = False) -> Distractors:
    """Return texts in every language by turns, of which `count` are left before each sentence.

    other_frames: each is put before sentences of other frames only, some fewer than `count`.
    """
    pairs = np.array(list(itertools.permutations(range(SUBJECTS), 2)))
    place = np.stack(np.unravel_index(np.arange(len(LANGUAGES) * FRAMES * len(pairs)),
                                      (len(LANGUAGES), FRAMES, len(pairs))), axis=1)  # fmt: skip
    place = place[np.random.default_rng(5).permutation(len(place))]
    spoiled = np.zeros(SUBJECTS, dtype=np.int64)
    for first in range(len(place)):  # the sentence that loses most still has `count`
        if first - spoiled.max() >= count:
            break
        spoiled[pairs[place[first, 2]]] += 1
    else:
        raise ValueError(f"there are not {count} distractors")
    place, spoken = place[:first], {name: lines(name) for name in LANGUAGES}
    texts = []
    for language, frame, pair in place:
        frames, subjects = spoken[LANGUAGES[language]]
        one, two = pairs[pair]
        texts.append(frames[frame].replace("{}", f"{subjects[one]}; {subjects[two]}"))
    return Distractors(texts, pairs[place[:, 2]], place[:, 1] if other_frames else np.full(len(texts), -1))


def ordinary(indexes: Sequence[Path], count: int) -> Distractors:
    """Return what logs hold: distinct prompts of some indexes, evenly chosen, and as many of our texts,
    in every language, each of which is put before sentences of other frames and subjects only.
    """
    each = count // (len(indexes) + 1)
    texts = [text for index in indexes for text in _prompts_of(index, each)]
    ours, none = distractors(count - len(texts), other_frames=True), np.full(len(texts), -1)
    return Distractors(
        texts + ours.texts,
        np.concatenate([np.stack([none, none], axis=1), ours.subjects]),
        np.concatenate([none, ours.frames]),
    )


def _prompts_of(index: Path, count: int) -> list[str]:
    from indexes.embed import worth_embedding
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    snapshot = Snapshot(Workspace.open(index))
    worth = worth_embedding(snapshot)
    return snapshot.read_prompts(worth[np.linspace(0, len(worth) - 1, count).astype(np.int64)])


def sixty_words(name: str, count: int) -> list[str]:
    """Return texts of 60 words (120 characters where words are not spaced) made of a language's lines."""
    rng, (frames, subjects) = np.random.default_rng(6), lines(name)
    pieces = [frame.replace("{}", "") for frame in frames] + subjects
    spaced = name not in _UNSPACED
    made = []
    for _ in range(count):
        words = list(itertools.chain.from_iterable(
            pieces[i].split() if spaced else pieces[i] for i in rng.integers(0, len(pieces), 40)
        ))  # fmt: skip
        made.append(" ".join(words[:60]) if spaced else "".join(words[:120]))
    return made
