"""What a dialect is: a module of this package with these names. `DIALECTS` lists them."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from promptlog.accounts import Candidate
from promptlog.bodies.prompt import Prompt

Body = Mapping[str, object]


class Dialect(Protocol):
    """One API's way of writing a request."""

    NAME: str
    MEMBERS: frozenset[str]
    """The members that a request may have; a body with others may be an entry of some wrapper."""

    def recognises(self, body: Body) -> bool:
        """Say whether a body has this dialect's marks.

        Where a dialect has `messages`, they are known to be a conversation; what has the
        marks of none is then chat.
        """

    def prompt(self, body: Body) -> Prompt:
        """Return a body's prompt. Raises Skip."""

    def accounts(self, body: Body) -> Iterator[Candidate]:
        """Yield the fields of a body that say who asked, with paths from the body."""

    def remark(self, body: Body) -> str:
        """Say why a body holds no prompt, or not all of it; "" when there is nothing to say."""
