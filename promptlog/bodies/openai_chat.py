"""OpenAI chat completions: `messages` with roles system, developer, user, assistant, tool.

Tools are `tools[]`, or `functions[]` in old clients.
"""

from collections.abc import Mapping

from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.reasons import Reason, Skip


def recognises(body: Mapping[str, object]) -> bool:
    """Say whether `messages` is a conversation."""
    messages = body.get("messages")
    return (
        isinstance(messages, list)
        and bool(messages)
        and all(isinstance(m, dict) and "role" in m for m in messages)
    )


def prompt(body: Mapping[str, object]) -> Prompt:
    """Return the prompt of a chat body. Raises Skip."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages(messages, tools=tools(body))


def tools(body: Mapping[str, object]) -> object:
    """Return the tool definitions of a body, new style or old."""
    return body.get("tools") or body.get("functions")
