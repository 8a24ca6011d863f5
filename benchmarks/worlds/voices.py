"""People's own prompts: half of them from the demo's grammars, half word salad in any language."""

from dataclasses import dataclass
from random import Random

from demo.speech import Voice, voice
from worlds.accounts import Messages
from worlds.salad import Subject, some_subject


@dataclass(frozen=True)
class Speaker:
    """Somebody with subjects, a usual length, and perhaps a default system prompt."""

    subjects: tuple[Subject, ...]
    written: Voice | None
    length: float
    long: float
    system: str = ""

    def ask(self, rng: Random) -> str:
        """Return a fresh prompt."""
        if self.written and rng.random() < 0.8:
            return self.written.ask(rng)
        length = int(rng.lognormvariate(self.length, 0.6)) + 2
        if rng.random() < self.long:
            length = 60 + int(rng.expovariate(1 / 100))
        return rng.choice(self.subjects).prose(rng, min(length, 500))

    def conversation(self, rng: Random, turns: int, system: str = "", first: str = "") -> list[Messages]:
        """Return the requests of a conversation; each sends the whole history again."""
        system = system or self.system
        history: Messages = [{"role": "system", "content": system}] if system else []
        requests = []
        for _ in range(turns):
            history = [*history, {"role": "user", "content": first or self.ask(rng)}]
            requests.append(history)
            first, reply = "", self.subjects[0].prose(rng, 25)
            history = [*history, {"role": "assistant", "content": reply}]
        return requests


def speaker(rng: Random, system: str = "", name: str = "") -> Speaker:
    """Return somebody; `name` fixes the language."""
    tongue = some_subject(rng, name).tongue.name
    written = voice(rng) if tongue == "en" and rng.random() < 0.6 else None
    subjects = tuple(some_subject(rng, tongue) for _ in range(rng.randint(1, 3)))
    return Speaker(subjects, written, rng.gauss(2.6, 0.5), rng.choice((0, 0, 0.1, 0.5)), system)
