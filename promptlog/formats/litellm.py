"""LiteLLM's StandardLoggingPayload, as its S3, GCS and file loggers write it.

The ordinary payloads of a long log are read a block at a time (`promptlog/blocks`), all others here.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from promptlog import accounts, times
from promptlog.bodies import openai_chat
from promptlog.bodies.content import text_of
from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.fields import member, text, unpacked
from promptlog.formats import litellm_marks, quick
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import Column, PromptRecord


class _Metadata(msgspec.Struct, gc=False):
    user_api_key_user_id: Any = None
    user_api_key_end_user_id: Any = None
    user_api_key_user_email: Any = None
    user_api_key_team_id: Any = None
    user_api_key_org_id: Any = None
    user_api_key_hash: Any = None
    requester_ip_address: Any = None


class _Payload(msgspec.Struct, gc=False):
    call_type: Any = None
    startTime: Any = None
    id: Any = None
    trace_id: Any = None
    model: Any = None
    end_user: Any = None
    requester_ip_address: Any = None
    user_agent: Any = None
    messages: Any = None
    model_parameters: Any = None
    metadata: _Metadata | None = None


_MARKS = {"call_type", "startTime", "model_map_information"}
_KEY_MARK = "user_api_key_"


class LiteLLM(LogFormat):
    """`{"call_type": …, "startTime": …, "model_map_information": …, "messages": …}`."""

    name = "litellm"
    reads_blocks = True

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict):
            return 0.0
        if entry.keys() >= _MARKS:
            return 1.0
        # Trimmed by whoever exported it: the metadata of the proxy is its own mark.
        metadata = entry.get("metadata")
        trimmed = isinstance(metadata, dict) and any(key.startswith(_KEY_MARK) for key in metadata)
        return 0.95 if trimmed and "messages" in entry and "spend" not in entry else 0.0

    def parse(self, entry: object) -> list[PromptRecord]:
        if not self.recognises(entry):
            raise Skip(Reason.UNKNOWN_SHAPE)
        try:
            return [_record(msgspec.convert(entry, _Payload))]
        except msgspec.ValidationError:
            raise Skip(Reason.BAD_FIELD) from None

    def parse_line(self, line: bytes) -> list[PromptRecord]:
        return self.parse(quick.decode(line))

    def parse_block(
        self, data: bytes, first: NDArray[np.int64], last: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Sequence[Column]]:
        from promptlog.blocks import litellm  # compiled, and few logs need it

        return litellm.parse_block(data, first, last)

    def remark(self, entry: object) -> str:
        messages = member(entry, "messages")
        contents = [member(m, "content") for m in messages] if isinstance(messages, list) else [messages]
        if contents and all(content == litellm_marks.REDACTED for content in contents):
            return litellm_marks.REMARK
        return "" if messages else "messages are not logged"


def _record(payload: _Payload) -> PromptRecord:
    metadata = payload.metadata or _Metadata()
    account = _account(payload, metadata)
    prompt, is_cut = litellm_marks.without_marks(_prompt(payload))
    return PromptRecord(
        text(payload.id),
        account.name,
        account.field,
        times.to_us(payload.startTime),
        text(payload.model),
        text(payload.requester_ip_address) or text(metadata.requester_ip_address),
        text(payload.user_agent),
        text(metadata.user_api_key_org_id) or text(metadata.user_api_key_team_id),
        account.session or text(payload.trace_id),
        *prompt,
        is_cut,
    )


def _account(payload: _Payload, metadata: _Metadata) -> accounts.Account:
    # Nearly every line ends here; building the whole list first would double the cost.
    user = metadata.user_api_key_user_id
    if user and type(user) is str:
        return accounts.unpack(user, "metadata.user_api_key_user_id")
    return accounts.first(
        (
            ("metadata.user_api_key_user_id", user),
            ("end_user", payload.end_user),
            ("metadata.user_api_key_end_user_id", metadata.user_api_key_end_user_id),
            ("metadata.user_api_key_user_email", metadata.user_api_key_user_email),
            ("metadata.user_api_key_team_id", metadata.user_api_key_team_id),
            ("metadata.user_api_key_org_id", metadata.user_api_key_org_id),
            ("metadata.user_api_key_hash", metadata.user_api_key_hash),
        )
    )


def _prompt(payload: _Payload) -> Prompt:
    parameters = payload.model_parameters
    given = isinstance(parameters, dict) and parameters
    tools = openai_chat.tools(parameters) if given else None
    system = text_of(parameters.get("system")) if given else ""
    messages = payload.messages
    if isinstance(messages, str):
        messages = unpacked(messages) or []
    if isinstance(messages, str):  # the prompt of a text completion
        messages = [{"role": "user", "content": messages}]
    if isinstance(messages, dict):
        messages = messages.get("messages") or ([messages] if "role" in messages else [])
    if messages is None:
        messages = []
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages(messages, system=system, tools=tools)


FORMAT = LiteLLM()
