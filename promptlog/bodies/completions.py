"""Text completions: `prompt` is a text or a list of texts; `inputText` in Amazon Titan's bodies.

A list of numbers is a prompt in tokens, which we cannot read. A prompt that a server made
of a conversation with a chat template is taken apart again (see `templated`).
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate
from promptlog.bodies import openai_chat, templated
from promptlog.bodies.content import text_of
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt

NAME = "completions"
MEMBERS = frozenset({
    "id", "model", "prompt", "suffix", "best_of", "echo", "max_tokens", "temperature", "top_p", "n", "stop",
    "stream", "stream_options", "seed", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs",
    "user", "safety_identifier", "metadata", "inputText", "textGenerationConfig",
})  # fmt: skip


def recognises(body: Body) -> bool:
    """Say whether a body asks to complete a text."""
    given = _given(body)
    return isinstance(given, str) or (isinstance(given, list) and bool(given))


def prompt(body: Body) -> Prompt:
    """Return the prompt of a completion. Raises Skip."""
    given = _given(body)
    return Prompt() if _is_tokens(given) else templated.prompt(text_of(given))


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield the fields that say who asked: those of a chat body."""
    return openai_chat.accounts(body)


def remark(body: Body) -> str:
    """Say when a prompt is in tokens."""
    return "prompt is logged as token numbers" if _is_tokens(_given(body)) else ""


def _given(body: Body) -> object:
    return body["prompt"] if "prompt" in body else body.get("inputText")


def _is_tokens(given: object) -> bool:
    items = given[0] if isinstance(given, list) and given and isinstance(given[0], list) else given
    return isinstance(items, list) and bool(items) and isinstance(items[0], int)
