"""A world under construction: the requests so far, and the stories they tell."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from worlds.accounts import Account, Messages, Sent, Truth
from worlds.clock import DAY, Calendar


@dataclass
class World:
    """One log: its calendar, what was sent, and each story's parameters."""

    name: str
    calendar: Calendar
    target: int
    blank: bool = False
    sent: list[Sent] = field(default_factory=list)
    stories: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, label: str, accounts: int, **parameters: Any) -> Truth:
        """Begin a story and return the truth of its requests."""
        name = f"{label} {sum(story['label'] == label for story in self.stories) + 1}"
        self.stories.append({"story": name, "label": label, "accounts": accounts, **parameters})
        return Truth(label, name)

    def send(self, account: Account, time: float, messages: Messages, truth: Truth) -> None:
        """Log one request; a time past either end is folded back into the log."""
        start, length = self.calendar.start, self.calendar.days * DAY
        offset = time - start
        if not 0 <= offset < length:
            time = start + offset % length
        self.sent.append(Sent(account, time, messages, truth))

    def window(self, rng: Random, shortest: float = 0.5) -> tuple[float, float]:
        """Return the first and last day of something that does not last the whole log, or does."""
        days = self.calendar.days
        if rng.random() < 0.3:
            return 0.0, days
        length = min(days, shortest + rng.random() * days)
        first = rng.uniform(0, days - length)
        return first, first + length

    def joined(self, rng: Random, stay: float) -> tuple[float, float]:
        """Return the days an account is active: it may have been there before the log began."""
        days = self.calendar.days
        first = rng.uniform(-min(stay, days), days - 0.2)
        last = first + 0.2 + rng.expovariate(1 / stay)
        return max(0.0, first), min(days, max(last, max(0.0, first) + 0.2))
