"""OpenAI responses: `instructions`, and `input` as text or as a list of items.

Items with a role are messages (`type` may be left out); the others are calls, their
outputs and reasoning. `prompt` names a template kept on the server: its id takes the place
of the text that we do not see, and its variables are what the user said.
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate
from promptlog.bodies import openai_chat
from promptlog.bodies.content import text_of
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.fields import member, text
from promptlog.reasons import Reason, Skip

NAME = "openai-responses"
MEMBERS = frozenset({
    "id", "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_tool_calls",
    "temperature", "top_p", "top_logprobs", "max_output_tokens", "reasoning", "text", "truncation", "include",
    "stream", "stream_options", "store", "background", "metadata", "user", "safety_identifier",
    "prompt_cache_key", "previous_response_id", "conversation", "prompt", "service_tier",
})  # fmt: skip

_EMBEDDINGS = {"dimensions", "encoding_format", "input_type"}
_NO_RESPONSES = ("embed", "moderation")


def recognises(body: Body) -> bool:
    """Say whether a body asks for a response, not for an embedding."""
    if "instructions" not in body and "input" not in body:
        return isinstance(member(body.get("prompt"), "id"), str)
    if not _EMBEDDINGS.isdisjoint(body) or any(word in str(body.get("model")) for word in _NO_RESPONSES):
        return False
    given = body.get("input")
    return isinstance(given, str | None) or (
        isinstance(given, list) and all(isinstance(item, dict) for item in given)
    )


def prompt(body: Body) -> Prompt:
    """Return the prompt of a responses body. Raises Skip."""
    given = body.get("input")
    items: list[object] = [{"role": "user", "content": given}] if isinstance(given, str) and given else []
    if isinstance(given, list):
        items = [_message(item) for item in given]
    elif not isinstance(given, str | None):
        raise Skip(Reason.BAD_FIELD)
    template = body.get("prompt")
    if isinstance(template, dict):
        variables = template.get("variables")
        values = list(variables.values()) if isinstance(variables, dict) else []
        items = [{"role": "system", "content": _named(template)}, *items]
        if values:
            items.append({"role": "user", "content": values})
    return of_messages(items, system=text_of(body.get("instructions")), tools=body.get("tools"))


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield the fields that say who asked: those of a chat body."""
    return openai_chat.accounts(body)


def remark(body: Body) -> str:
    """Say when the text, or the history, is kept on the server."""
    if isinstance(body.get("prompt"), dict):
        return "prompt is a server-side template (only its id and variables are logged)"
    if body.get("previous_response_id") or body.get("conversation"):
        return "history is kept on the server (previous_response_id or conversation)"
    return ""


def _message(item: object) -> object:
    """Return an item that of_messages reads: it passes over those without a role."""
    kind = member(item, "type")
    return {"role": None} if isinstance(item, dict) and kind not in (None, "message") else item


def _named(template: dict[str, object]) -> str:
    name, version = text(template.get("id")), text(template.get("version"))
    return f"[prompt {name}{version and ' version ' + version}]"
