"""Google Gemini `generateContent`: `contents[].parts`, with roles user and model.

Members come in camelCase (REST) and snake_case (SDKs). A content without a role is the user's.
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate, in_tags
from promptlog.bodies.content import text_of
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.fields import member
from promptlog.reasons import Reason, Skip

NAME = "gemini"
MEMBERS = frozenset({
    "id", "model", "contents", "systemInstruction", "system_instruction", "tools", "toolConfig",
    "tool_config", "safetySettings", "safety_settings", "generationConfig", "generation_config", "labels",
    "cachedContent", "cached_content",
})  # fmt: skip


def recognises(body: Body) -> bool:
    """Say whether `contents` is a conversation of parts."""
    contents = body.get("contents")
    listed = [contents] if isinstance(contents, dict) else contents
    return isinstance(listed, list) and bool(listed) and all(member(c, "parts") is not None for c in listed)


def prompt(body: Body) -> Prompt:
    """Return the prompt of a generateContent request. Raises Skip."""
    contents = body.get("contents")
    listed = [contents] if isinstance(contents, dict) else contents
    if not isinstance(listed, list):
        raise Skip(Reason.BAD_FIELD)
    messages: list[object] = [
        {"role": member(content, "role") or "user", "content": member(content, "parts")} for content in listed
    ]
    system = body.get("systemInstruction") or body.get("system_instruction")
    parts = system.get("parts") if isinstance(system, dict) else system
    return of_messages(messages, system=text_of(parts), tools=body.get("tools"))


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield what the labels of a Vertex request say about who asked."""
    yield from in_tags(body.get("labels"), "labels")


def remark(body: Body) -> str:
    """Say when a part of the prompt is cached on the server."""
    cached = body.get("cachedContent") or body.get("cached_content")
    return "part of the prompt is cached on the server (cachedContent)" if cached else ""
