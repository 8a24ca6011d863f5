"""LiteLLM payloads, a block of lines at a time: what most of a log of millions is.

msgspec decodes a block in one call, to structs whose types say what an ordinary payload is. One
that is not (a member of another type, a redacted or cut prompt, a packed account, a member named
twice) makes the whole block go the slow way, which the reader narrows down to its line.
"""

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec.structs import asdict

from promptlog import accounts
from promptlog.bodies.prompt import canonical, of_messages
from promptlog.reasons import Skip
from promptlog.record import PromptRecord
from promptlog.times import EARLIEST, LATEST


class _Message(msgspec.Struct, gc=False):
    role: str
    content: Any = None


class _Metadata(msgspec.Struct, gc=False):
    user_api_key_user_id: str
    user_api_key_org_id: str | None = None
    user_api_key_team_id: str | None = None
    requester_ip_address: str | None = None


class _Parameters(msgspec.Struct, gc=False):
    tools: msgspec.Raw = msgspec.Raw(b"")
    functions: None = None
    system: None = None


class _Payload(msgspec.Struct, gc=False):
    id: str
    call_type: str
    startTime: float
    model_map_information: msgspec.Raw
    metadata: _Metadata
    messages: list[_Message]
    trace_id: str | None = None
    model: str | None = None
    requester_ip_address: str | None = None
    user_agent: str | None = None
    model_parameters: _Parameters | None = None


_DECODER = msgspec.json.Decoder(_Payload)
_READ = ("user", "system", "developer")
_USER_FIELD = "metadata.user_api_key_user_id"

# Inside a JSON string a quote is escaped, so these bytes can only be a member's name.
_MESSAGES, _USER = b'"messages":', b'"user_api_key_user_id":'


def parse_block(block: bytes, lines: int) -> list[PromptRecord] | None:
    """Return the records of so many lines, as `LogFormat.parse_block` does."""
    if block.count(_MESSAGES) > lines or block.count(_USER) > lines:
        return None
    try:
        _require_utf8(block)
        payloads = _DECODER.decode_lines(block)
        records = [_record(payload) for payload in payloads]
    except (ValueError, RecursionError, Skip, msgspec.MsgspecError):
        return None
    return records if len(records) == lines else None


def _require_utf8(block: bytes) -> None:
    """Raise ValueError for bytes that are not UTF-8; Arrow sees it in a third of the time of decoding."""
    places = np.array([0, len(block)])
    pa.LargeStringArray.from_buffers(1, pa.py_buffer(places), pa.py_buffer(block)).validate(full=True)


def _record(payload: _Payload) -> PromptRecord:
    """Return a payload's record. Raises ValueError for one that has to go the slow way."""
    metadata, time = payload.metadata, payload.startTime
    user, session = metadata.user_api_key_user_id, payload.trace_id
    field = _USER_FIELD
    if user.startswith(("user_", "{")):
        user, field, packed = accounts.unpack(user, field)
        session = packed or session
    prompt = _prompt(payload)
    if not (user and payload.id and EARLIEST <= time < LATEST) or _mentions_litellm(prompt):
        raise ValueError
    return PromptRecord(
        payload.id,
        user,
        field,
        round(time * 1_000_000),
        payload.model or "",
        payload.requester_ip_address or metadata.requester_ip_address or "",
        payload.user_agent or "",
        metadata.user_api_key_org_id or metadata.user_api_key_team_id or "",
        session or "",
        *prompt,
    )


def _prompt(payload: _Payload) -> tuple[str, str, str, str, int]:
    """Return what `of_messages` returns, without it where every text is plain."""
    parameters = payload.model_parameters
    tools = _tools(bytes(parameters.tools)) if parameters and parameters.tools else ""
    instructions: list[str] = []
    turns: list[str] = []
    for message in payload.messages:
        if message.role not in _READ:
            continue
        if type(message.content) is not str:
            system, _, first, last, count = of_messages(list(map(asdict, payload.messages)))
            return system, tools, first, last, count
        (turns if message.role == "user" else instructions).append(message.content)
    system = instructions[0] if len(instructions) == 1 else "\n\n".join(instructions)
    return system, tools, turns[0] if turns else "", turns[-1] if len(turns) > 1 else "", len(turns)


def _mentions_litellm(prompt: tuple[str, str, str, str, int]) -> bool:
    """Say whether a segment may be a mark of LiteLLM: of text that it has redacted or cut."""
    return "litellm" in prompt[0] or "litellm" in prompt[2] or "litellm" in prompt[3]


@lru_cache(maxsize=256)
def _tools(raw: bytes) -> str:
    """Return tool definitions as `canonical` does; programs send the same ones again and again."""
    tools = msgspec.json.decode(raw)
    return canonical(tools) if tools else ""
