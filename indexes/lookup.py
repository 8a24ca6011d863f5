"""What the index holds under a name: one request in full, or all of an account.

A snapshot speaks of prompts, which many spellings share; here a request keeps its own spelling
and the way back to its line of the log.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from indexes.segment import PROMPT_SEGMENTS
from indexes.snapshot import NO_TIME, Snapshot
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
    rows = pc.indices_nonzero(pc.equal(snapshot.requests.ids, request_id)).to_numpy()
    return _read(snapshot, rows.astype(np.int64))


def account(snapshot: Snapshot, name: str) -> LoggedAccount | None:
    """Return an account, or None when no request is of that name."""
    accounts, times = snapshot.requests.account, snapshot.requests.time_us
    rows = np.flatnonzero(accounts.codes == accounts.values.index(name).as_py()).astype(np.int64)
    if len(rows) == 0:
        return None
    rows = rows[np.argsort(times[rows], kind="stable")]
    known = times[rows][times[rows] != NO_TIME]
    models = np.unique(snapshot.requests.model.codes[rows])
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(_SAMPLES, len(rows))).astype(np.int64))
    examples = tuple(_read(snapshot, rows[chosen]))
    return LoggedAccount(
        account=name,
        account_field=examples[0].account_field,
        requests=len(rows),
        first=to_iso(int(known[0])) if len(known) else "",
        last=to_iso(int(known[-1])) if len(known) else "",
        models=tuple(snapshot.requests.model.values.take(models).to_pylist()),
        examples=examples,
    )


def _read(snapshot: Snapshot, rows: NDArray[np.int64]) -> list[LoggedRequest]:
    """Return requests by their row in the snapshot."""
    ends = np.cumsum([segment.requests for segment in snapshot.workspace.manifest.segments])
    found = []
    for row in rows.tolist():
        place = int(np.searchsorted(ends, row, side="right"))
        start = int(ends[place - 1]) if place else 0
        found.append(_request(snapshot, place, row - start))
    return found


def _request(snapshot: Snapshot, place: int, row: int) -> LoggedRequest:
    segment = snapshot.segments[place]
    values: dict[str, Any] = segment.requests.slice(row, 1).to_pylist()[0]
    for name in PROMPT_SEGMENTS:
        text = values[name]
        values[name] = segment.read_texts(np.array([text], dtype=np.int64))[0] if text >= 0 else ""
    time_us, source = values.pop("time_us"), values.pop("source")
    values["timestamp"] = "" if time_us is None else to_iso(time_us)
    values["path"] = snapshot.workspace.manifest.inputs[source].path
    return LoggedRequest(**values)
