"""Bare OpenAI chat completion bodies, one a line.

A body has no time, address or key; `--map` supplies them where a wrapper has them.
"""

from promptlog import accounts
from promptlog.bodies import openai_chat
from promptlog.fields import member, text
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord


class OpenAIChat(LogFormat):
    """`{"model": …, "messages": […]}`."""

    name = "openai-chat"
    specific = False

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict) or not openai_chat.recognises(entry):
            return 0.0
        return 0.8 if "model" in entry else 0.5

    def parse(self, entry: object) -> list[PromptRecord]:
        if not isinstance(entry, dict) or "messages" not in entry:
            raise Skip(Reason.UNKNOWN_SHAPE)
        metadata = entry.get("metadata")
        account = accounts.first(
            (
                ("safety_identifier", entry.get("safety_identifier")),
                ("user", entry.get("user")),
                ("metadata.user_id", member(metadata, "user_id")),
                ("prompt_cache_key", entry.get("prompt_cache_key")),
            )
        )
        prompt = openai_chat.prompt(entry)
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
