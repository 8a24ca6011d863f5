"""Anthropic messages: `system` beside `messages`, content in typed blocks.

Results of tools come in user messages; a message of nothing else is no user turn.
"""

from collections.abc import Iterator, Mapping

from promptlog.bodies import openai_chat
from promptlog.bodies.content import text_of
from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.fields import member
from promptlog.reasons import Reason, Skip

_OWN_BLOCKS = {"tool_use", "tool_result", "thinking", "redacted_thinking", "document"}


def recognises(body: Mapping[str, object]) -> bool:
    """Say whether a conversation has a mark that only this dialect has."""
    if not openai_chat.recognises(body):
        return False
    if "anthropic_version" in body or "system" in body or str(body.get("model")).startswith("claude"):
        return True
    tools = body.get("tools")
    if isinstance(tools, list) and any(member(tool, "input_schema") is not None for tool in tools):
        return True
    return any(_is_own(block) for block in _blocks(body["messages"]))


def prompt(body: Mapping[str, object]) -> Prompt:
    """Return the prompt of a messages body. Raises Skip."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages(messages, system=text_of(body.get("system")), tools=body.get("tools"))


def _blocks(messages: object) -> Iterator[object]:
    for message in messages if isinstance(messages, list) else []:
        content = member(message, "content")
        yield from content if isinstance(content, list) else []


def _is_own(block: object) -> bool:
    return member(block, "type") in _OWN_BLOCKS or (
        member(block, "type") == "image" and member(block, "source") is not None
    )
