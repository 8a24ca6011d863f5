"""OpenAI chat completions: `messages` with roles system, developer, user, assistant, tool.

Tools are `tools[]`, or `functions[]` in old clients. Any other `messages` is read as this
dialect too, since most servers speak it.
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.reasons import Reason, Skip

NAME = "openai-chat"
MEMBERS = frozenset({
    "id", "model", "messages", "tools", "functions", "tool_choice", "function_call", "parallel_tool_calls",
    "temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stop", "stream", "stream_options",
    "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs",
    "response_format", "reasoning_effort", "verbosity", "modalities", "audio", "prediction",
    "web_search_options", "user", "safety_identifier", "prompt_cache_key", "metadata", "service_tier",
    "store",
})  # fmt: skip


def recognises(body: Body) -> bool:
    """Say whether `messages` is a conversation."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return False
    return not [m for m in messages if type(m) is not dict or "role" not in m]


def prompt(body: Body) -> Prompt:
    """Return the prompt of a chat body. Raises Skip."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages(messages, tools=tools(body))


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield the fields of an OpenAI body, chat or responses, that say who asked."""
    yield Level.PERSON, "safety_identifier", body.get("safety_identifier")
    yield Level.PERSON, "user", body.get("user")
    if "metadata" in body:
        yield from in_tags(body["metadata"], "metadata")
    yield Level.KEY, "prompt_cache_key", body.get("prompt_cache_key")


def remark(body: Body) -> str:
    """Say nothing: a chat body holds all of its prompt."""
    return ""


def tools(body: Body) -> object:
    """Return the tool definitions of a body, new style or old."""
    return body.get("tools") or body.get("functions")
