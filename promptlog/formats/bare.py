"""Bare request bodies, one a line: a format for each dialect.

A body has no time, address or key; `--map` supplies them where something around it has them.
"""

from promptlog import accounts, bodies, formats
from promptlog.bodies.dialect import Dialect
from promptlog.fields import text
from promptlog.formats import bedrock_bodies
from promptlog.formats.base import LogFormat
from promptlog.formats.quick import decode
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord

_CONVERSATIONS = (bodies.gemini, bodies.converse, bodies.anthropic, bodies.openai_chat)


class Bare(LogFormat):
    """`{"model": …, "messages": […]}`, and what other dialects make of it."""

    wraps = False

    def __init__(self, dialect: Dialect) -> None:
        self.name = dialect.NAME
        self._dialect = dialect

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict) or bodies.dialect_of(entry) is not self._dialect:
            return 0.0
        if "model" in entry:
            return 0.8
        # Conversations are known by their shape; any table may have a "prompt" or an "input".
        return 0.5 if self._dialect in _CONVERSATIONS else 0.0

    def beside(self, path: str) -> LogFormat:
        return bedrock_bodies.Body() if bedrock_bodies.is_body(path) else self

    def parse(self, entry: object) -> list[PromptRecord]:
        if not isinstance(entry, dict) or bodies.dialect_of(entry) is not self._dialect:
            raise Skip(Reason.UNKNOWN_SHAPE)
        request = bodies.read_as(self._dialect, entry)
        account = accounts.best(request.accounts)
        return [
            PromptRecord(
                text(entry.get("id")),
                account.name,
                account.field,
                None,
                request.model,
                "",
                "",
                "",
                account.session,
                *request.prompt,
            )
        ]

    def parse_line(self, line: bytes) -> list[PromptRecord]:
        entry = decode(line)
        if (
            isinstance(entry, dict)
            and not entry.keys() <= self._dialect.MEMBERS
            and formats.is_wrapper(entry)
        ):
            raise Skip(Reason.UNKNOWN_SHAPE)
        return self.parse(entry)

    def remark(self, entry: object) -> str:
        return self._dialect.remark(entry) if isinstance(entry, dict) else ""


FORMATS = [Bare(dialect) for dialect in bodies.DIALECTS]
