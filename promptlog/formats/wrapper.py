"""Most logs wrap the body of a request: who, when and where outside, the prompt inside."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from promptlog import accounts, bodies
from promptlog.accounts import Candidate
from promptlog.bodies import Request
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord

Entry = Mapping[str, object]


class Outside(NamedTuple):
    """What a wrapper says about a request, as PromptRecord has it; the body says the rest."""

    request_id: str = ""
    time_us: int | None = None
    model: str = ""
    ip: str = ""
    user_agent: str = ""
    organisation: str = ""
    session: str = ""


class Wrapper(LogFormat):
    """A format whose entries are objects that hold a request body of any dialect."""

    marks: frozenset[str]
    """The members by which an entry is known."""
    body_path: str
    """Where the body stands, to name fields in it."""

    def recognises(self, entry: object) -> float:
        return 1.0 if isinstance(entry, dict) and entry.keys() >= self.marks else 0.0

    def parse(self, entry: object) -> list[PromptRecord]:
        if not isinstance(entry, dict) or not self.recognises(entry):
            raise Skip(Reason.UNKNOWN_SHAPE)
        request = self.request(entry)
        inside = ((level, f"{self.body_path}.{field}", value) for level, field, value in request.accounts)
        account = accounts.best([*self.accounts(entry), *inside])
        outside = self.outside(entry)
        return [
            PromptRecord(
                account=account.name,
                account_field=account.field,
                truncated=request.truncated,
                **request.prompt._asdict(),
                **outside._replace(
                    model=outside.model or request.model, session=account.session or outside.session
                )._asdict(),
            )
        ]

    def remark(self, entry: object) -> str:
        if not isinstance(entry, dict) or not self.recognises(entry):
            return ""
        try:
            return self.request(entry).remark
        except Skip:
            return ""

    @abstractmethod
    def outside(self, entry: Entry) -> Outside:
        """Return what stands beside the body. Raises Skip."""

    @abstractmethod
    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        """Yield the fields that say who asked; of one level, the body's come after them."""

    def request(self, entry: Entry) -> Request:
        """Return what the body says. Raises Skip."""
        return bodies.read(entry.get(self.body_path))
