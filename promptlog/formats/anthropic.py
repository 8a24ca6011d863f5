"""Bare Anthropic messages bodies, one a line.

A body has no time, address or key; `--map` supplies them where a wrapper has them.
"""

from promptlog import accounts
from promptlog.bodies import anthropic
from promptlog.fields import member, text
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord


class Anthropic(LogFormat):
    """`{"model": …, "system": …, "messages": […]}`."""

    name = "anthropic"
    specific = False

    def recognises(self, entry: object) -> float:
        return 0.9 if isinstance(entry, dict) and anthropic.recognises(entry) else 0.0

    def parse(self, entry: object) -> list[PromptRecord]:
        if not isinstance(entry, dict) or "messages" not in entry:
            raise Skip(Reason.UNKNOWN_SHAPE)
        account = accounts.first([("metadata.user_id", member(entry.get("metadata"), "user_id"))])
        prompt = anthropic.prompt(entry)
        return [
            PromptRecord(
                request_id=text(entry.get("id")),
                account=account.name,
                account_field=account.field,
                model=text(entry.get("model")),
                session=account.session,
                **prompt._asdict(),
            )
        ]
