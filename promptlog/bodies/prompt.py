"""The prompt of a request body, without its history."""

from typing import Any, NamedTuple

import msgspec

from promptlog.bodies.content import is_tool_result, text_of
from promptlog.reasons import Reason, Skip

_SYSTEM = ("system", "developer")


class Prompt(NamedTuple):
    """The segments of one request, as PromptRecord has them."""

    system: str = ""
    tools: str = ""
    first_user: str = ""
    last_user: str = ""
    user_turns: int = 0


def of_messages(messages: list[object], *, system: str = "", tools: object = None) -> Prompt:
    """Return the prompt of a conversation; `system` stands before its system messages.

    Only the first and the last user turn are made into text, since histories are long.
    """
    instructions = [system] if system else []
    turns: list[object] = []
    for message in messages:
        if not isinstance(message, dict):
            raise Skip(Reason.BAD_FIELD)
        role = message.get("role")
        content = message.get("content")
        if role == "user":
            if type(content) is str or not is_tool_result(content):
                turns.append(content)
        elif role in _SYSTEM:
            instructions.append(text_of(content))
    return Prompt(
        "\n\n".join(instructions),
        canonical(tools) if tools else "",
        text_of(turns[0]) if turns else "",
        text_of(turns[-1]) if len(turns) > 1 else "",
        len(turns),
    )


def blocks(messages: Any) -> list[object]:
    """Return the parts of all contents of a conversation that are lists."""
    return [part for m in messages if type(content := m.get("content")) is list for part in content]


def canonical(tools: object) -> str:
    """Return tool definitions as JSON text that does not depend on the order of keys."""
    try:
        return msgspec.json.encode(tools, order="sorted").decode()
    except (RecursionError, TypeError, ValueError, msgspec.MsgspecError):
        raise Skip(Reason.BAD_FIELD) from None
