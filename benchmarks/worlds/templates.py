"""Templates: where a fixed text sits in a prompt, and how it is disguised."""

from dataclasses import dataclass
from random import Random

from worlds.accounts import Messages, asked, digest
from worlds.instructions import Author

KINDS = ("system", "user", "both", "prefix", "suffix")
LOOK_ALIKES = str.maketrans("aceopxy", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443")
HIDDEN = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff")


@dataclass(frozen=True)
class Template:
    """One way to put an instruction and an input into a prompt.

    author: writes the instruction. texts: its fixed wordings; none where every request is worded
    afresh. padding: share of requests with noise around them. hidden: share of letters followed
    by a character of no width, or replaced by a Cyrillic look-alike, as `disguise` says.
    """

    kind: str
    author: Author
    texts: tuple[str, ...]
    padding: float = 0.0
    hidden: float = 0.0
    disguise: str = "invisible"

    def fill(self, rng: Random, item: str) -> Messages:
        """Return the messages of one request with this input."""
        text = rng.choice(self.texts) if self.texts else self.author.write(rng, reword=0.5)
        text = hide(rng, text, self.hidden, self.disguise)
        if self.kind == "system":
            return asked(self.pad(rng, item), text)
        if self.kind == "both":
            half = text.rfind(" ", 0, len(text) // 2)
            return asked(
                self.pad(rng, f"{text[half + 1 :]}\n\n{self.author.label}: {item}"), text[: half + 1]
            )
        if self.kind == "suffix":
            return asked(self.pad(rng, f"{item}\n\n{text}"))
        if self.kind == "prefix":
            return asked(self.pad(rng, f"{text}\n\n{item}"))
        return asked(self.pad(rng, f"{text}\n\n{self.author.label}: {item}"))

    def pad(self, rng: Random, text: str) -> str:
        """Return the text, now and then with noise before or behind it."""
        if rng.random() >= self.padding:
            return text
        noise = digest(rng.random())[: rng.choice((6, 16, 40))]
        return rng.choice((f"[{noise}] {text}", f"{text}\n\nref {noise}", f"{noise} {noise[:4]}\n{text}"))


def hide(rng: Random, text: str, share: float, disguise: str = "invisible") -> str:
    """Return the text with characters of no width, or look-alikes of Latin letters, strewn in."""
    if not share:
        return text
    if disguise == "look-alikes":
        return "".join(letter.translate(LOOK_ALIKES) if rng.random() < share else letter for letter in text)
    return "".join(letter + rng.choice(HIDDEN) if rng.random() < share else letter for letter in text)


def fixed(rng: Random, kind: str, author: Author, wordings: int = 1) -> Template:
    """Return a template of so many fixed wordings of one instruction."""
    reword = 0.6 if wordings > 1 else 0.0
    return Template(kind, author, tuple(author.write(rng, reword) for _ in range(wordings)))
