"""LiteLLM payloads, a block of lines at a time: what most of a log of millions is.

msgspec decodes a block in one call, to structs whose types say what an ordinary payload is. One
that is not (a member of another type, a redacted or cut prompt, a packed account, a member named
twice) makes the whole block go the slow way, which the reader narrows down to its line.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from msgspec.structs import asdict

from promptlog.accounts import unpack
from promptlog.bodies.prompt import canonical, of_messages
from promptlog.reasons import Skip
from promptlog.record import Column
from promptlog.times import EARLIEST, LATEST


class _Message(msgspec.Struct, gc=False):
    role: str
    content: Any = None


# In the order in which LiteLLM writes them: a member is found quickest behind the one before it.
class _Metadata(msgspec.Struct, gc=False, kw_only=True):
    user_api_key_user_id: str
    user_api_key_team_id: str | None = None
    user_api_key_org_id: str | None = None
    requester_ip_address: str | None = None


class _Parameters(msgspec.Struct, gc=False):
    tools: msgspec.Raw = msgspec.Raw(b"")
    functions: None = None
    system: None = None


class _Payload(msgspec.Struct, gc=False, kw_only=True):
    id: str
    trace_id: str | None = None
    call_type: str
    startTime: float
    model: str | None = None
    model_map_information: msgspec.Raw
    metadata: _Metadata
    requester_ip_address: str | None = None
    user_agent: str | None = None
    messages: list[_Message]
    model_parameters: _Parameters | None = None


_DECODER = msgspec.json.Decoder(_Payload)
_READ = ("user", "system", "developer")
_USER_FIELD = "metadata.user_api_key_user_id"


def parse_block(block: bytes, lines: int) -> Sequence[Column] | None:
    """Return the columns of so many lines, as `LogFormat.parse_block` does."""
    try:
        _require_utf8(block)
        payloads = _DECODER.decode_lines(block)
        return _columns(payloads) if len(payloads) == lines else None
    except (ValueError, RecursionError, Skip, msgspec.MsgspecError):
        return None


def _require_utf8(block: bytes) -> None:
    """Raise ValueError for bytes that are not UTF-8; Arrow sees it in a third of the time of decoding."""
    places = np.array([0, len(block)])
    pa.LargeStringArray.from_buffers(1, pa.py_buffer(places), pa.py_buffer(block)).validate(full=True)


def _columns(payloads: list[_Payload]) -> Sequence[Column]:
    """Return payloads' columns. Raises ValueError where one of them has to go the slow way."""
    metadata = [payload.metadata for payload in payloads]
    ids = [payload.id for payload in payloads]
    accounts, fields, sessions = _accounts(payloads)
    times = np.array([payload.startTime for payload in payloads])
    if not (all(ids) and all(accounts) and ((times >= EARLIEST) & (times < LATEST)).all()):
        raise ValueError
    return (
        ids,
        accounts,
        fields,
        np.rint(times * 1_000_000).astype(np.int64),
        [payload.model or "" for payload in payloads],
        [
            each.requester_ip_address or at.requester_ip_address or ""
            for each, at in zip(payloads, metadata, strict=True)
        ],
        [payload.user_agent or "" for payload in payloads],
        [at.user_api_key_org_id or at.user_api_key_team_id or "" for at in metadata],
        sessions,
        *_prompts(payloads),
        np.zeros(len(payloads), np.bool_),
    )


def _accounts(payloads: list[_Payload]) -> tuple[list[str], Column, list[str]]:
    """Return the accounts, the fields that they come from, and the sessions."""
    users = [payload.metadata.user_api_key_user_id for payload in payloads]
    sessions = [payload.trace_id or "" for payload in payloads]
    fields: Column = _USER_FIELD
    packed = [row for row, user in enumerate(users) if user.startswith(("user_", "{"))]
    if packed:
        fields = [_USER_FIELD] * len(users)
        for row in packed:
            users[row], fields[row], session = unpack(users[row], _USER_FIELD)
            sessions[row] = session or sessions[row]
    return users, fields, sessions


def _prompts(payloads: list[_Payload]) -> tuple[Column, ...]:
    """Return system prompts, tools, first and last user turns, and how many there are.

    Raises ValueError where a text may be a mark of LiteLLM: of one that it has redacted or cut.
    """
    systems: list[str] = []
    tools: list[str] = []
    first: list[str] = []
    last: list[str] = []
    counts: list[int] = []
    for payload in payloads:
        system, defined, asked, asked_last, count = _prompt(payload)
        if "litellm" in asked or "litellm" in asked_last or "litellm" in system:
            raise ValueError
        systems.append(system)
        tools.append(defined)
        first.append(asked)
        last.append(asked_last)
        counts.append(count)
    return (*(column if any(column) else "" for column in (systems, tools, first, last)), counts)


def _prompt(payload: _Payload) -> tuple[str, str, str, str, int]:
    """Return what `of_messages` returns, without it where every text is plain."""
    parameters = payload.model_parameters
    tools = _tools(bytes(parameters.tools)) if parameters and parameters.tools else ""
    instructions: list[str] = []
    turns: list[str] = []
    for message in payload.messages:
        role, content = message.role, message.content
        if role not in _READ:
            continue
        if type(content) is not str:
            system, _, first, last, count = of_messages(list(map(asdict, payload.messages)))
            return system, tools, first, last, count
        (turns if role == "user" else instructions).append(content)
    system = instructions[0] if len(instructions) == 1 else "\n\n".join(instructions)
    return system, tools, turns[0] if turns else "", turns[-1] if len(turns) > 1 else "", len(turns)


@lru_cache(maxsize=256)
def _tools(raw: bytes) -> str:
    """Return tool definitions as `canonical` does; programs send the same ones again and again."""
    tools = msgspec.json.decode(raw)
    return canonical(tools) if tools else ""
