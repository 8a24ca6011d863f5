"""Logs made of plain rows, for tests that judge candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import pyarrow as pa

from campaigns.candidates import Candidate
from campaigns.log import HOUR_US, Log
from indexes.snapshot import NO_TIME, Codes, Requests

START_US = 1_777_852_800_000_000
DAY = 24.0


@dataclass(frozen=True)
class Row:
    """One request: who, when (hours into the log, None for unknown), what, and how."""

    account: str
    hour: float | None
    prompt: int
    turns: int = 1
    ip: str = ""
    agent: str = ""
    organisation: str = ""
    model: str = "old"
    words: int = 9
    shared: bool = True
    system: int = -1


def _codes(values: Sequence[str]) -> Codes:
    encoded = pa.array(values, pa.string()).dictionary_encode()
    return Codes(encoded.indices.to_numpy(), encoded.dictionary)


def log_of(rows: Sequence[Row], hidden: Sequence[int] = ()) -> Log:
    """Return the rows as a log; row i's segments are its system prompt, if any, and first user turn."""
    prompts = np.full((len(rows), 4), -1, dtype=np.int32)
    prompts[:, 0] = [row.system for row in rows]
    prompts[:, 2] = [row.prompt for row in rows]
    unseen = np.zeros(int(prompts.max(initial=0)) + 1, dtype=np.uint32)
    unseen[: len(hidden)] = hidden
    tokens = np.zeros(len(unseen), dtype=np.uint32)
    tokens[prompts[:, 2]] = [row.words for row in rows]
    return Log(
        Requests(
            read_ids=lambda: pa.chunked_array([[f"r{i}" for i in range(len(rows))]]),
            account=_codes([row.account for row in rows]),
            model=_codes([row.model for row in rows]),
            ip=_codes([row.ip for row in rows]),
            user_agent=_codes([row.agent for row in rows]),
            organisation=_codes([row.organisation for row in rows]),
            time_us=np.array([_time(row.hour) for row in rows], dtype=np.int64),
            user_turns=np.array([row.turns for row in rows], dtype=np.int32),
            prompts=prompts,
        ),
        unseen,
        tokens,
        np.array([row.shared for row in rows]),
    )


def candidate_of(rows: Sequence[Row], crowd: Sequence[Row] = (), **options: object) -> Candidate:
    """Return the rows as a candidate in a log that holds a crowd besides."""
    log = log_of([*rows, *crowd], **options)  # type: ignore[arg-type]
    return Candidate(np.array([0]), np.arange(len(rows)), 1, log)


def people(count: int, requests: int, seed: int = 0, **fields: object) -> list[Row]:
    """Return people with a day rhythm of their own, each with prompts that nobody shares."""
    random = Random(seed)
    rows = []
    for person in range(count):
        noon = random.uniform(0, DAY)
        for i in range(requests):
            hour = random.randrange(30) * DAY + noon + random.gauss(0, 2.5)
            rows.append(
                Row(f"p{seed}-{person}", hour, 100_000 + seed * 10_000 + person * requests + i, shared=False)
            )
    return [replace(row, **fields) for row in rows]  # type: ignore[arg-type]


def pool(count: int, requests: int, seed: int = 0, days: float = 20, **fields: object) -> list[Row]:
    """Return accounts that work side by side around the clock, each on tasks of its own."""
    random = Random(seed)
    rows = [
        Row(f"c{seed}-{account}", (i + random.random()) * days * DAY / requests, account * requests + i)
        for account in range(count)
        for i in range(requests)
    ]
    return [replace(row, **fields) for row in rows]  # type: ignore[arg-type]


def _time(hour: float | None) -> int:
    return NO_TIME if hour is None else START_US + int(hour * HOUR_US)
