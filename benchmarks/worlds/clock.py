"""When honest accounts send: people by their own day and week, programs by their own plan.

Times are epoch seconds, days count from the beginning of the log.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from worlds.chance import logint, loguniform, weighted

HOUR = 3600.0
DAY = 24 * HOUR
ZONES = (-8, -7, -6, -5, -5, -4, -3, 0, 0, 1, 1, 1, 2, 2, 3, 3, 5.5, 5.5, 7, 8, 8, 8, 9, 9, 10, 12)

Moment = Callable[[Random, float, float], float]
"""Returns a time between two days of the log."""


@dataclass(frozen=True)
class Calendar:
    """The log's first midnight (UTC) and its length in days."""

    start: float
    days: float

    def at(self, day: float, hour: float = 0.0) -> float:
        """Return the time `hour` hours into day `day`."""
        return self.start + day * DAY + hour * HOUR

    def weekday(self, time: float, zone: float) -> int:
        """Return 0 for a Monday in that zone."""
        return datetime.fromtimestamp(time + zone * HOUR, UTC).weekday()


def some_calendar(rng: Random) -> Calendar:
    """Return a log of 7 to 60 days that begins on some day of 2025 or 2026."""
    return Calendar(1_735_689_600.0 + DAY * rng.randrange(600), float(logint(rng, 7, 60)))


def person(rng: Random, calendar: Calendar, zone: float | None = None) -> Moment:
    """Return somebody's day: one or two busy times, narrow or wide, and how weekends differ."""
    zone = rng.choice(ZONES) if zone is None else zone
    peak, width = rng.gauss(14, 3.5), loguniform(rng, 1.2, 6)
    second, share = peak + rng.uniform(4, 9), rng.choice((0, 0.2, 0.5))
    weekend = rng.choice((0.05, 0.3, 0.6, 1.0, 1.0))

    def moment(rng: Random, first: float, last: float) -> float:
        for _ in range(40):
            hour = rng.gauss(second if rng.random() < share else peak, width)
            day = math.floor(rng.uniform(first - 1, last + 1))
            time = calendar.at(day, hour - zone)
            if calendar.at(first) <= time < calendar.at(last) and (
                weekend == 1 or rng.random() < weekend or calendar.weekday(time, zone) < 5
            ):
                return time
        return calendar.at(rng.uniform(first, last))

    return moment


def program(rng: Random, calendar: Calendar, kind: str = "") -> Moment:
    """Return a program's plan: steady, steady at work hours, daily at one hour, or in runs."""
    kind = kind or weighted(rng, {"steady": 3.0, "office": 2, "daily": 2, "runs": 2, "customers": 3})
    if kind == "customers":
        zone, depth = rng.choice(ZONES), rng.uniform(0.2, 1)
        return thinned(calendar, lambda h: 1 + depth * math.sin((h + zone - 9) * math.pi / 12))
    if kind == "office":
        zone = rng.choice(ZONES)
        return thinned(calendar, lambda h: 1.0 if 8 <= (h + zone) % 24 < 18 else 0.02)
    if kind == "daily":
        hour, length = rng.uniform(0, 24), loguniform(rng, 0.26, 4)
        return thinned(calendar, lambda h: 1.0 if (h - hour) % 24 < length else 0.0)
    if kind == "runs":
        runs = [
            (rng.uniform(0, calendar.days), loguniform(rng, 0.02, 1.5)) for _ in range(logint(rng, 1, 12))
        ]

        def moment(rng: Random, first: float, last: float) -> float:
            day, length = rng.choice(runs)
            time = day + length * rng.random()
            return calendar.at(time if first <= time < last else rng.uniform(first, last))

        return moment
    return thinned(calendar, lambda h: 1.0)


def thinned(calendar: Calendar, intensity: Callable[[float], float]) -> Moment:
    """Return a plan whose rate over the UTC hour of the day is `intensity`."""
    marks = [max(0.0, intensity(quarter / 4)) for quarter in range(96)]

    def moment(rng: Random, first: float, last: float) -> float:
        for _ in range(12):
            quarter = rng.choices(range(96), marks)[0]
            day = math.floor(rng.uniform(first - 1, last + 1)) + (quarter + rng.random()) / 96
            if first <= day < last:
                return calendar.at(day)
        return calendar.at(rng.uniform(first, last))

    return moment


def sitting(rng: Random, time: float, size: int, gap: float = 150) -> list[float]:
    """Return `size` times from `time` on, `gap` seconds apart on average."""
    times = [time]
    while len(times) < size:
        times.append(times[-1] + 3 + rng.expovariate(1 / gap))
    return times
