"""What a log is, before it is indexed: its format, how sure, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from promptlog.fields import member
from promptlog.reader import Log, LogBatch, opened
from promptlog.record import SkippedLine
from promptlog.times import to_iso

LINES = 1000
"""How many lines are looked at, or as many as records are asked for."""


@dataclass(frozen=True)
class FileDescription:
    """One file, as `promptprint formats` shows it."""

    path: str
    format: str
    """"unknown" when no format fits; the problems then say what to do."""
    container: str
    confidence: float
    prompt_share: float
    """The share of the records looked at that hold prompt text."""
    problems: list[str]
    records: list[dict[str, object]] = field(default_factory=list)


def describe(
    path: str | Path, records: int = 0, *, format: str | None = None, mapping: Mapping[str, str] | None = None
) -> FileDescription:
    """Describe a log by its first lines, with the first `records` records as they would be indexed.

    Raises LogError for a file that cannot be opened.
    """
    with opened(path, format=format, mapping=mapping) as log:
        if log.format is None:
            return FileDescription(
                log.path, "unknown", log.container.value, 0.0, 0.0, [log.unknown or "holds no lines"]
            )
        batch = next(log.batches(rows=max(LINES, records)), None)
    rows = batch.records.to_pylist() if batch else []
    return FileDescription(
        path=log.path,
        format=log.format.name,
        container=log.container.value,
        confidence=round(log.confidence, 3),
        prompt_share=round(sum(map(_has_prompt, rows)) / len(rows), 3) if rows else 0.0,
        problems=[*_no_prompt(log), *_missing(rows), *_skipped(batch)],
        records=[_shown(row) for row in rows[:records]],
    )


def _has_prompt(row: dict[str, Any]) -> bool:
    return bool(row["system"] or row["first_user"] or row["last_user"])


def _no_prompt(log: Log) -> Iterator[str]:
    remarks = Counter(log.format.remark(entry) for entry in log.sample) if log.format else Counter[str]()
    for remark, count in remarks.items():
        if remark:
            yield f"{remark}: {count} of the first {len(log.sample)} lines"


def _missing(rows: list[dict[str, Any]]) -> Iterator[str]:
    for column, what in (("account", "account"), ("time_us", "time"), ("ip", "IP address")):
        count = sum(row[column] in (None, "") for row in rows)
        if count:
            yield f"no {what} in {count} of {len(rows)} records"
    cut = sum(row["truncated"] for row in rows)
    if cut:
        yield f"prompt cut by the logger in {cut} of {len(rows)} records"
    fields = Counter(row["account_field"] for row in rows if row["account_field"])
    if len(fields) > 1:
        yield "accounts come from several fields: " + ", ".join(
            f"{name} ({n})" for name, n in fields.most_common()
        )


def _skipped(batch: LogBatch | None) -> Iterator[str]:
    groups: dict[str, list[SkippedLine]] = {}
    for skipped in batch.skipped if batch else ():
        groups.setdefault(skipped.reason.value, []).append(skipped)
    for reason, lines in groups.items():
        yield f"{reason}: {len(lines)} skipped, the first at byte {lines[0].offset}"


def _shown(row: dict[str, Any]) -> dict[str, object]:
    names = ("model", "ip", "user_agent", "system", "first_user", "last_user")
    return {
        "request_id": row["request_id"],
        "account": row["account"],
        "account_field": row["account_field"],
        "timestamp": None if row["time_us"] is None else to_iso(row["time_us"]),
        **{name: row[name] for name in names},
        "tools": _tool_names(row["tools"]),
        "truncated": row["truncated"],
    }


def _tool_names(tools: str) -> list[str]:
    """Return the names of tools, of whichever dialect; a tool without one shows its type."""
    listed = msgspec.json.decode(tools) if tools else []
    names = (
        next(
            (value for at in (member(tool, "function"), tool) if (value := member(at, "name"))),
            member(tool, "type"),
        )
        for tool in (listed if isinstance(listed, list) else [])
    )
    return [name for name in names if isinstance(name, str)]
