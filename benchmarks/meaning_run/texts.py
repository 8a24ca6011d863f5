"""Hand-written requests in sixteen languages, and what lies near them without being an answer.

A language's file in `meaning_texts` has 20 frames ("Write a short poem about this topic: {}") and 25
subjects, line by line the same in all. A sentence is one frame with one subject.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
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
    """Texts of two subjects each in one frame. subjects: (n, 2) the subjects' numbers.

    Two subjects of one frame are near misses for every sentence of a third subject. For a sentence of
    one of the two they would be an honest answer, so they are never put before that sentence.
    """

    texts: list[str]
    subjects: NDArray[np.int64]

    def honest(self, subject: int) -> NDArray[np.bool_]:
        """Return which are no answer to anything about a subject."""
        return ~(self.subjects == subject).any(axis=1)


def lines(name: str) -> tuple[list[str], list[str]]:
    """Return the frames and the subjects of a language."""
    found = (_TEXTS / f"{name}.txt").read_text("utf-8").split("\n")
    return found[:FRAMES], [line for line in found[FRAMES:] if line]


def sentences(name: str) -> list[str]:
    """Return the 500 sentences of a language, in one order for all: sentence i has subject i % SUBJECTS."""
    frames, subjects = lines(name)
    return [frame.replace("{}", subject) for frame in frames for subject in subjects]


def distractors(count: int) -> Distractors:
    """Return texts in every language by turns, of which `count` are left before each sentence."""
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
    return Distractors(texts, pairs[place[:, 2]])


def prompts_of(index: Path, count: int) -> Distractors:
    """Return distinct prompts of an index, evenly chosen, as distractors: what a log really holds."""
    from indexes.embed import worth_embedding
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    snapshot = Snapshot(Workspace.open(index))
    worth = worth_embedding(snapshot)
    chosen = worth[np.linspace(0, len(worth) - 1, count).astype(np.int64)]
    return Distractors(snapshot.read_prompts(chosen), np.full((count, 2), -1))


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
