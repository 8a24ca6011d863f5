"""What a log is, before it is indexed: its format, how sure, and what is wrong with it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from promptlog.bodies import tools
from promptlog.formats.base import LogFormat
from promptlog.reader import given_format, opened
from promptlog.reasons import Skip
from promptlog.record import SkippedLine
from promptlog.times import is_local, to_iso, to_us

_DAY_US = 86_400_000_000
_LONGEST_TIME = 40
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
    with opened(path, given_format(format, mapping)) as log:
        chosen, confidence = log.choice
        if chosen is None or log.unknown:
            problem = log.unknown or ("holds no lines" if log.content.first else "is empty")
            return FileDescription(log.path, "unknown", log.container.value, 0.0, 0.0, [problem])
        rows: list[dict[str, Any]] = []
        skipped: list[SkippedLine] = []
        for batch in log.batches():
            rows += batch.records.slice(0, max(LINES, records) - len(rows)).to_pylist()
            skipped += batch.skipped + ((batch.waiting,) if batch.waiting else ())
            if len(rows) + len(skipped) >= max(LINES, records):
                break
    return FileDescription(
        path=log.path,
        format=chosen.name,
        container=log.container.value,
        confidence=round(confidence, 3),
        prompt_share=round(sum(map(_has_prompt, rows)) / len(rows), 3) if rows else 0.0,
        problems=[
            *_no_prompt(chosen, log.sample),
            *_no_zone(chosen, log.sample),
            *_missing(rows),
            *_skipped(skipped),
        ],
        records=[_shown(row) for row in rows[:records]],
    )


def _has_prompt(row: dict[str, Any]) -> bool:
    return bool(row["system"] or row["first_user"] or row["last_user"])


def _no_prompt(chosen: LogFormat, sample: list[object]) -> Iterator[str]:
    for remark, count in Counter(_remark(chosen, entry) for entry in sample).items():
        if remark:
            yield f"{remark}: {count} of the first {len(sample)} lines"


def _remark(chosen: LogFormat, entry: object) -> str:
    with suppress(Skip):  # an entry that cannot be read is told as such
        return chosen.remark(entry)
    return ""


def _no_zone(chosen: LogFormat, sample: list[object]) -> Iterator[str]:
    """Say where a time stands without a zone: records that another logger kept are hours apart then."""
    count = sum(_is_local(chosen, entry) for entry in sample)
    if count:
        yield f"time without a zone, taken for UTC: {count} of the first {len(sample)} lines"


def _is_local(chosen: LogFormat, entry: object) -> bool:
    with suppress(Skip):
        times = {record.time_us for record in chosen.parse(entry)}
        return any(to_us(text) in times for text in _short_texts(entry) if is_local(text))
    return False


def _short_texts(value: object, deepest: int = 3) -> Iterator[str]:
    """Yield the texts within an entry that are short enough to be a time."""
    if isinstance(value, str) and len(value) <= _LONGEST_TIME:
        yield value
    elif isinstance(value, dict | list) and deepest:
        for member in value.values() if isinstance(value, dict) else value:
            yield from _short_texts(member, deepest - 1)


def _missing(rows: list[dict[str, Any]]) -> Iterator[str]:
    for column, what in (("account", "account"), ("time_us", "time"), ("ip", "IP address")):
        count = sum(row[column] in (None, "") for row in rows)
        if count:
            yield f"no {what} in {count} of {len(rows)} records"
    late = _back_in_time([row["time_us"] for row in rows if row["time_us"] is not None])
    if late:
        yield f"time is a day and more before that of an earlier line in {late} of {len(rows)} records"
    cut = sum(row["truncated"] for row in rows)
    if cut:
        yield f"prompt cut by the logger in {cut} of {len(rows)} records"
    fields = Counter(row["account_field"] for row in rows if row["account_field"])
    if len(fields) > 1:
        yield "accounts come from several fields: " + ", ".join(
            f"{name} ({n})" for name, n in fields.most_common()
        )


def _back_in_time(times: list[int]) -> int:
    """Count the times that lie a day and more before one that was logged earlier: a clock was wrong."""
    latest = accumulate(times, max)
    return sum(time + _DAY_US <= before for time, before in zip(times, latest, strict=True))


def _skipped(skipped: list[SkippedLine]) -> Iterator[str]:
    groups: dict[str, list[SkippedLine]] = {}
    for line in skipped:
        groups.setdefault(line.reason.value, []).append(line)
    for reason, lines in groups.items():
        yield f"{reason}: {len(lines)} skipped, the first at byte {lines[0].offset}"


def _shown(row: dict[str, Any]) -> dict[str, object]:
    names = ("organisation", "session", "model", "ip", "user_agent", "system", "first_user", "last_user")
    return {
        "request_id": row["request_id"],
        "account": row["account"],
        "account_field": row["account_field"],
        "timestamp": None if row["time_us"] is None else to_iso(row["time_us"]),
        **{name: row[name] for name in names},
        "tools": tools.names(msgspec.json.decode(row["tools"])) if row["tools"] else [],
        "truncated": row["truncated"],
        "redacted": row["user_turns"] > 0 and not _has_prompt(row),
        "offset": row["offset"],
    }
