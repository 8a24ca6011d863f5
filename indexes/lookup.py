"""What the index holds under a name: one request in full, or all of an account.

A snapshot speaks of prompts, which many spellings share; here a request keeps its own spelling
and the way back to its line of the log.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint.identity import identities
from indexes.segment import NO_TIME, PROMPT_SEGMENTS, SegmentReader
from indexes.snapshot import Snapshot
from promptlog.times import to_iso

_SAMPLES = 5


class LoggedRequest(msgspec.Struct, frozen=True):
    """One request as it was indexed; its texts are "" in an index that keeps none."""

    request_id: str
    account: str
    account_field: str
    timestamp: str
    model: str
    ip: str
    user_agent: str
    organisation: str
    session: str
    user_turns: int
    truncated: bool
    path: str
    """The log file when it was indexed."""
    offset: int
    """Where the line begins in the file, decompressed."""
    system: str
    tools: str
    first_user: str
    last_user: str


class LoggedAccount(msgspec.Struct, frozen=True):
    """One account: how much it sent, between when, and a few of its requests, spread evenly."""

    account: str
    account_field: str
    requests: int
    first: str
    last: str
    models: tuple[str, ...]
    examples: tuple[LoggedRequest, ...]


def requests(snapshot: Snapshot, request_id: str) -> list[LoggedRequest]:
    """Return every request of an id: none, one, or several when a log uses an id again."""
    name = identities(pa.array([request_id]), snapshot.workspace.hasher.derive(b"request id"))[0]
    rows = [
        segment.rows_of_id(name) + first
        for segment, first in zip(snapshot.segments, snapshot.first_request, strict=False)
    ]
    found = _read(snapshot, np.concatenate([np.empty(0, np.int64), *rows]))
    return [request for request in found if request.request_id == request_id]


def account(snapshot: Snapshot, name: str) -> LoggedAccount | None:
    """Return an account, or None when no request is of that name."""
    wanted = identities(pa.array([name]), snapshot.workspace.hasher.derive(b"account"))[0]
    mine = [np.flatnonzero(segment.accounts == wanted) for segment in snapshot.segments]
    if not any(len(rows) for rows in mine):
        return None
    held = [(s, rows) for s, rows in zip(snapshot.segments, mine, strict=True) if len(rows)]
    starts = zip(mine, snapshot.first_request, strict=False)
    rows = np.concatenate([part + first for part, first in starts])
    times = np.concatenate([segment.times[part] for segment, part in held])
    order = np.argsort(times, kind="stable")
    rows, known = rows[order], times[order][times[order] != NO_TIME]
    models = [segment.requests(["model"]).column(0).take(part).cast(pa.string()) for segment, part in held]
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(_SAMPLES, len(rows))).astype(np.int64))
    examples = tuple(_read(snapshot, rows[chosen]))
    return LoggedAccount(
        account=name,
        account_field=examples[0].account_field,
        requests=len(rows),
        first=to_iso(int(known[0])) if len(known) else "",
        last=to_iso(int(known[-1])) if len(known) else "",
        models=tuple(dict.fromkeys(model for column in models for model in column.unique().to_pylist())),
        examples=examples,
    )


def _read(snapshot: Snapshot, rows: NDArray[np.int64]) -> list[LoggedRequest]:
    """Return requests by their number in the snapshot."""
    found: dict[int, LoggedRequest] = {}
    for _, segment, places, mine in snapshot.requests_by_segment(rows):
        for place, values in zip(places.tolist(), segment.read_requests(mine), strict=True):
            found[place] = _request(snapshot, segment, values)
    return [found[place] for place in range(len(rows))]


def _request(snapshot: Snapshot, segment: SegmentReader, values: dict[str, Any]) -> LoggedRequest:
    for name in PROMPT_SEGMENTS:
        text = values[name]
        values[name] = segment.read_texts(np.array([text]))[0] if text >= 0 else ""
    time_us, source = values.pop("time_us"), values.pop("source")
    values["timestamp"] = "" if time_us is None else to_iso(time_us)
    values["path"] = snapshot.workspace.manifest.inputs[source].path
    return LoggedRequest(**values)
