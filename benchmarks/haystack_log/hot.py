"""Hot buckets: a million identical prompts, and a million different ones that collide in one band.

The second are found by search, as only who knows the key can: runs of three words that take a
band's minima with values so small that hardly any other word of a prompt can undercut them. A
prompt that holds all of them falls into that bucket whatever else it says, and shares neither
a six-word span nor another band with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pyarrow as pa
from worlds.salad import some_subject

from fingerprint.minhash import MinHasher
from haystack_log.rows import ROW, WINDOW_MS, Census, Rows, rows
from haystack_log.templates import Templates
from indexes.lsh import ROWS

KEY = bytes(range(32))
"""Of the indexes that the benchmark makes: the collisions are those of this key."""

_BAND = 3
_TRIED, _TRIED_WORDS = 60_000, 40
_APART = 10  # words between two runs, so that no span reaches over
_RUN = 3  # words of a shingle


@dataclass(frozen=True)
class Hot:
    """How many identical prompts, and how many that collide in one band."""

    identical: int = 0
    band: int = 0


COLD = Hot()


def hot_of(options: list[str]) -> Hot:
    """Return what ["identical=1000000", "band=1000000"] asks for. Raises ValueError for anything else."""
    counts: dict[str, int] = {}
    for option in options:
        name, _, count = option.partition("=")
        if name not in Hot.__dataclass_fields__:
            raise ValueError(f"--hot {option}: neither identical=N nor band=N")
        counts[name] = int(count)
    return Hot(**counts)


def heat(rng: np.random.Generator, hot: Hot, census: Census, templates: Templates) -> Rows:
    """Return the hot requests, each from anybody at any time."""
    draw = Random(int(rng.integers(1 << 62)))

    def anybody(count: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.integers(WINDOW_MS, size=count), rng.integers(census.people, size=count)

    made = []
    if hot.identical:
        template = templates.add(some_subject(draw, "en").prose(draw, 60))
        made.append(rows(*anybody(hot.identical), 0, 0, template))
    if hot.band:
        runs = colliding_runs(MinHasher(KEY), _BAND, draw)
        template = templates.add(" {} ".join(["", *runs, ""]).strip())
        made.append(rows(*anybody(hot.band), census.new_texts(hot.band), _APART * (len(runs) + 1), template))
    return np.concatenate(made) if made else np.empty(0, dtype=ROW)


def colliding_runs(hasher: MinHasher, band: int, draw: Random) -> list[str]:
    """Return runs of three words that together decide a band of nearly every prompt that holds them."""
    subject = some_subject(draw, "en")
    pool = [word for word in subject.tongue.words if word.isalpha()]
    tried = [" ".join(draw.choices(pool, k=_TRIED_WORDS)) for _ in range(_TRIED)]
    slots = slice(band * ROWS, band * ROWS + ROWS)
    values = hasher.fingerprint(pa.array(tried)).signatures[:, slots]
    return [
        _culprit(hasher, tried[int(column.argmin())], band * ROWS + i) for i, column in enumerate(values.T)
    ]


def _culprit(hasher: MinHasher, text: str, slot: int) -> str:
    """Return the run of a text that its minimum in a slot comes from."""
    words = text.split()
    least = hasher.fingerprint(pa.array([text])).signatures[0, slot]
    cuts = [words[i : i + _RUN] for i in range(len(words) - _RUN + 1)]
    # Words around it so that a run is hashed as it would be in a prompt; none of them is the text's.
    filler = [f"zz{i}" for i in range(30)]
    held = [" ".join([*filler, *cut]) for cut in cuts]
    signatures = hasher.fingerprint(pa.array(held)).signatures[:, slot]
    return " ".join(cuts[int(np.flatnonzero(signatures == least)[0])])
