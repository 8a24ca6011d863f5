"""A campaign's days as one line of bars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

BARS = "▁▂▃▄▅▆▇█"
WIDEST = 42


def timeline(daily: Mapping[str, int]) -> str:
    """Return the days as bars, with the first and last day and the highest bar's number.

    A space is a day without requests. Where there are more days than fit, a bar is several.

    >>> timeline({"2026-05-01": 1, "2026-05-02": 8, "2026-05-04": 4})
    '05-01 ▁█ ▄ 05-04, at most 8 a day'
    """
    if not daily:
        return "no times in the log"
    first, last = date.fromisoformat(min(daily)), date.fromisoformat(max(daily))
    counts = [daily.get(str(first + timedelta(i)), 0) for i in range((last - first).days + 1)]
    each = -(-len(counts) // WIDEST)
    sums = [sum(counts[i : i + each]) for i in range(0, len(counts), each)]
    unit = "a day" if each == 1 else f"in {each} days"
    return f"{str(first)[5:]} {bars(sums)} {str(last)[5:]}, at most {max(sums):,} {unit}"


def bars(numbers: list[int]) -> str:
    """Return numbers as bars; zero is a space, and anything more is seen."""
    highest = max(numbers)
    return "".join(BARS[-(-n * len(BARS) // highest) - 1] if n else " " for n in numbers)
