"""Anthropic messages: `system` beside `messages`, content in typed blocks.

Results of tools come in user messages; a message of nothing else is no user turn.
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate, Level
from promptlog.bodies.content import text_of
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt, blocks, of_messages
from promptlog.fields import member
from promptlog.reasons import Reason, Skip

NAME = "anthropic"

MEMBERS = frozenset({
    "id", "model", "messages", "system", "tools", "tool_choice", "max_tokens", "metadata", "stop_sequences",
    "stream", "temperature", "top_k", "top_p", "thinking", "service_tier", "container", "mcp_servers",
    "context_management", "anthropic_version", "anthropic_beta", "output_config", "cache_control",
})  # fmt: skip
_OWN_BLOCKS = ("tool_use", "tool_result", "thinking", "redacted_thinking", "document")


def recognises(body: Body) -> bool:
    """Say whether a conversation has a mark that only this dialect has."""
    if "anthropic_version" in body or "system" in body or str(body.get("model")).startswith("claude"):
        return True
    tools = body.get("tools")
    if isinstance(tools, list) and any(member(tool, "input_schema") is not None for tool in tools):
        return True
    parts = blocks(body["messages"])
    return bool(parts) and any(map(_is_own, parts))


def prompt(body: Body) -> Prompt:
    """Return the prompt of a messages body. Raises Skip."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages(messages, system=text_of(body.get("system")), tools=body.get("tools"))


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield the one field that says who asked; Claude Code packs three ids into it."""
    yield Level.PERSON, "metadata.user_id", member(body.get("metadata"), "user_id")


def remark(body: Body) -> str:
    """Say nothing: a messages body holds all of its prompt."""
    return ""


def _is_own(block: object) -> bool:
    return member(block, "type") in _OWN_BLOCKS or (
        member(block, "type") == "image" and member(block, "source") is not None
    )
