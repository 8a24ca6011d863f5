"""Templates: fixed texts with slots, kept as JSON-escaped bytes for the renderer.

A template is an optional system prompt and a user message whose pieces stand around slots:
"Grade this answer.{}" has one slot behind it, "{} Show every step. {}" has two, filled with the
row's words in the proportions given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

PLAIN = 0
"""The template of a prompt that has none: one slot and nothing else."""


class Pieces(NamedTuple):
    """blob: (bytes,) uint8. system: (templates, 2) int64, start and end in the blob; empty is none.
    pieces: (templates, 2) int64, first and last + 1 of its pieces; piece: (n, 2) int64, start and
    end; share: (n,) float64, the part of the words in the slot behind it; 0 is no slot.
    fixed: (templates,) int64, bytes of fixed text.
    """

    blob: NDArray[np.uint8]
    system: NDArray[np.int64]
    pieces: NDArray[np.int64]
    piece: NDArray[np.int64]
    share: NDArray[np.float64]
    fixed: NDArray[np.int64]


@dataclass
class Templates:
    """Collects templates; a row names one by its number."""

    _blob: bytearray = field(default_factory=bytearray)
    _system: list[tuple[int, int]] = field(default_factory=list)
    _pieces: list[tuple[int, int]] = field(default_factory=list)
    _piece: list[tuple[int, int]] = field(default_factory=list)
    _share: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add("{}")  # PLAIN

    def __len__(self) -> int:
        return len(self._system)

    def add(self, user: str, *, system: str = "", shares: tuple[float, ...] = ()) -> int:
        """Return the number of a new template; without shares its slots are of equal length."""
        pieces = user.split("{}")
        slots = len(pieces) - 1
        shares = shares or (1 / max(slots, 1),) * slots
        if len(shares) != slots:
            raise ValueError(f"{slots} slots and {len(shares)} shares")
        self._system.append(self._store(system))
        first = len(self._piece)
        self._piece += [self._store(piece) for piece in pieces]
        self._share += [*shares, 0.0]
        self._pieces.append((first, len(self._piece)))
        return len(self._system) - 1

    def tables(self) -> Pieces:
        """Return all templates as arrays."""
        system, pieces = np.array(self._system), np.array(self._pieces)
        piece = np.array(self._piece)
        sizes = np.add.reduceat(piece[:, 1] - piece[:, 0], pieces[:, 0])
        return Pieces(
            np.frombuffer(bytes(self._blob), dtype=np.uint8),
            system,
            pieces,
            piece,
            np.array(self._share),
            sizes + system[:, 1] - system[:, 0],
        )

    def _store(self, text: str) -> tuple[int, int]:
        start = len(self._blob)
        self._blob += msgspec.json.encode(text)[1:-1]
        return start, len(self._blob)
