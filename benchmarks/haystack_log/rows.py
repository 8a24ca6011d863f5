"""Rows: what a request is and who an account is, as structured arrays.

A log of 28.8 million requests is planned in 500 MB; its text is made line by line from the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

DAYS = 42
DAY_MS = 86_400_000
WINDOW_MS = DAYS * DAY_MS
HOUR_MS = DAY_MS // 24
RELEASE_MS = 16 * DAY_MS
"""When a new model comes out."""

ROW = np.dtype(
    [
        ("time", np.uint32),  # milliseconds since the window's start
        ("account", np.uint32),
        ("text", np.uint32),  # rows with equal text and template have equal prompts
        ("words", np.uint16),  # in the slots
        ("template", np.uint16),
        ("turn", np.uint8),  # 0 opens a conversation, 1 is its second question, …
    ]
)
ACCOUNT = np.dtype(
    [
        ("adopts", np.uint32),  # milliseconds, when it changes to the new model
        ("team", np.uint16),  # 0 is none
        ("tongue", np.uint8),
        ("agent", np.uint8),  # number of a client program
        ("addresses", np.uint8),
    ]
)
Rows = NDArray[np.void]
Accounts = NDArray[np.void]


def rows(
    time: object, account: object, text: object, words: object, template: object, turn: object = 0
) -> Rows:
    """Return rows from columns that broadcast; times outside the window wrap around."""
    columns = np.broadcast_arrays(time, account, text, words, template, turn)
    made = np.empty(len(columns[0]), dtype=ROW)
    made["time"] = np.asarray(columns[0], dtype=np.int64) % WINDOW_MS
    for name, column in zip(ROW.names[1:], columns[1:], strict=True):  # type: ignore[index]
        made[name] = column
    return made


@dataclass
class Census:
    """Hands out account and text numbers, so that no two stories share one by accident."""

    tables: list[Accounts] = field(default_factory=list)
    people: int = 0
    texts: int = 0

    def enrol(self, table: Accounts) -> NDArray[np.uint32]:
        """Return the numbers of new accounts."""
        first = self.people
        self.tables.append(table)
        self.people += len(table)
        return np.arange(first, self.people, dtype=np.uint32)

    def new_texts(self, count: int) -> NDArray[np.uint32]:
        """Return the numbers of new texts."""
        first = self.texts
        self.texts += count
        return np.arange(first, self.texts, dtype=np.uint32)


def accounts(
    rng: np.random.Generator,
    count: int,
    *,
    tongue: object,
    agents: tuple[int, int],
    addresses: tuple[int, int] = (1, 3),
    team: int = 0,
    adopts: object | None = None,
) -> Accounts:
    """Return accounts whose properties are drawn from ranges (low, high + 1)."""
    made = np.empty(count, dtype=ACCOUNT)
    made["tongue"], made["team"] = tongue, team
    made["agent"] = rng.integers(*agents, size=count)
    made["addresses"] = rng.integers(*addresses, size=count)
    # People change model in the weeks after a release, half of them never within the window.
    slow = RELEASE_MS + rng.exponential(40 * DAY_MS, count)
    made["adopts"] = np.minimum(slow if adopts is None else adopts, 2**32 - 1)
    return made


def lengths(rng: np.random.Generator, count: int, median: float = 60, spread: float = 1.55) -> NDArray:
    """Return prompt lengths in words: log-normal, cut at 3,000; the defaults give a mean near 190."""
    drawn = rng.lognormal(np.log(median), spread, count)
    return np.clip(drawn, 1, 3000).astype(np.uint16)
