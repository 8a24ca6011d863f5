"""When requests are sent: people sleep, have weekends and sit down for a while; machines do not.

All times are epoch seconds. The log begins on a Monday at midnight UTC.
"""

from dataclasses import dataclass
from random import Random

START = 1_777_852_800.0  # Monday, 4 May 2026, 00:00 UTC
DAYS = 21
HOUR = 3600.0
DAY = 24 * HOUR

WAKING = (1, 0.5, 0.3, 0.2, 0.2, 0.5, 2, 4, 7, 9, 10, 9, 7, 8, 9, 9, 8, 7, 7, 8, 9, 8, 6, 3)
ZONES = (-8, -6, -5, -5, -3, 0, 0, 1, 1, 2, 2, 3, 5, 5, 7, 8, 8, 9, 10)


def at(day: float, hour: float = 0.0) -> float:
    """Return the time `hour` hours into day `day` of the log, in UTC."""
    return START + day * DAY + hour * HOUR


@dataclass(frozen=True)
class Person:
    """Somebody's rhythm: hours east of UTC, and how much of it is left at weekends."""

    zone: int
    weekend: float = 0.6

    def moment(self, rng: Random, first: float = 0.0, last: float = DAYS) -> float:
        """Return a time between the days `first` and `last` at which this person may be awake.

        A window of less than a day may hold only hours of sleep; then any of them will do.
        """
        for _ in range(200):
            time = at(int(rng.uniform(first - 1, last + 1)), rng.choices(range(24), WAKING)[0] - self.zone)
            time += rng.random() * HOUR
            working = (time + self.zone * HOUR - START) // DAY % 7 < 5
            if at(first) <= time < at(last) and (working or rng.random() < self.weekend):
                return time
        return at(rng.uniform(first, last))

    def sitting(self, rng: Random, size: int, first: float = 0.0, last: float = DAYS) -> list[float]:
        """Return `size` times of one sitting, a few minutes apart."""
        times = [self.moment(rng, first, last)]
        while len(times) < size:
            times.append(times[-1] + 20 + rng.expovariate(1 / 240))
        overrun = max(0.0, times[-1] - at(DAYS) + 1)
        return [time - overrun for time in times]


def person(rng: Random) -> Person:
    """Return a rhythm drawn from those of the whole world."""
    return Person(rng.choice(ZONES), rng.uniform(0.3, 1.0))


def machine(rng: Random, size: int, first: float, last: float) -> list[float]:
    """Return `size` times spread evenly over the days `first` to `last`, day and night.

    The even spacing is jittered by the scheduler's queue, so it is not exact.
    """
    step = (last - first) / size
    return [at(first + (slot + rng.random()) * step) for slot in range(size)]
