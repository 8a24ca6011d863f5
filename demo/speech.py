"""What ordinary people ask: a subject, a way of typing, and conversations that grow turn by turn."""

from dataclasses import dataclass
from random import Random

from demo.accounts import Messages
from demo.grammar import Bindings, load, tidy

CODE = ("chat/python", "chat/web", "chat/data", "chat/ops")
LIFE = (
    "chat/cooking",
    "chat/travel",
    "chat/money",
    "chat/fitness",
    "chat/garden",
    "chat/home",
    "chat/family",
    "chat/office",
    "chat/career",
    "chat/study",
    "chat/writing",
    "chat/gadgets",
    "chat/law",
    "chat/leisure",
)
SUBJECTS = CODE + LIFE
TONGUES = {"es": 7, "de": 5, "fr": 5, "zh": 5, "ja": 3, "hi": 3, "ar": 2}
GREETINGS = ("hi, ", "Hello! ", "hey ", "Good morning, ", "quick question: ", "so ", "ok so ", "Hi there. ")
THANKS = (" thanks", " Thank you!", " thx", " cheers", " Thanks in advance.", " pls", " :)")


@dataclass(frozen=True)
class Voice:
    """How somebody writes, and about what."""

    subjects: tuple[str, ...]
    system: str = ""
    lower: bool = False
    bare: bool = False
    typos: float = 0.0
    polite: float = 0.1

    def ask(self, rng: Random, bound: Bindings | None = None, subject: str = "") -> str:
        """Return a fresh prompt on one of the subjects."""
        text = load(subject or rng.choice(self.subjects)).draw(rng, "prompt", bound)
        return self.type(rng, text if "\n" in text else tidy(text))

    def type(self, rng: Random, text: str) -> str:
        """Return `text` as this person would type it; code keeps its spelling."""
        if "\n" in text:
            return text
        text = text.lower() if self.lower else text
        text = text.rstrip(".?") if self.bare else text
        if rng.random() < self.typos:
            text = slip(rng, text)
        if text.isascii() and rng.random() < self.polite:
            greet = rng.random() < 0.5
            text = rng.choice(GREETINGS) + text if greet else text + rng.choice(THANKS)
        return text

    def conversation(self, rng: Random, turns: int) -> list[Messages]:
        """Return the requests of a conversation; each sends the whole history again."""
        subject, bound = rng.choice(self.subjects), Bindings()
        grammar = load(subject)
        history: Messages = [{"role": "system", "content": self.system}] if self.system else []
        text, requests = self.ask(rng, bound, subject), []
        for _ in range(turns):
            history = [*history, {"role": "user", "content": text}]
            requests.append(history)
            answer = tidy(grammar.draw(rng, "reply", bound))
            history = [*history, {"role": "assistant", "content": answer}]
            rule = "generic_follow" if subject in SUBJECTS and rng.random() < 0.3 else "follow"
            text = self.type(rng, grammar.draw(rng, rule, bound))
        return requests


def slip(rng: Random, text: str) -> str:
    """Return `text` with two neighbouring letters of it exchanged."""
    if len(text) < 12:
        return text
    spot = rng.randrange(2, len(text) - 2)
    return text[:spot] + text[spot + 1] + text[spot] + text[spot + 2 :]


def voice(rng: Random) -> Voice:
    """Return somebody with one to three subjects; three in ten write in another language at times."""
    tongue = rng.choices(["en", *TONGUES], [70, *TONGUES.values()])[0]
    own = rng.sample(SUBJECTS, rng.randint(1, 3))
    return Voice(
        subjects=tuple(own) if tongue == "en" else (*[f"tongues/{tongue}"] * 4, own[0]),
        system="You are a helpful assistant." if rng.random() < 0.12 else "",
        lower=rng.random() < 0.25,
        bare=rng.random() < 0.25,
        typos=rng.choice((0, 0, 0.05, 0.3)),
        polite=rng.choice((0, 0.05, 0.3)),
    )
