"""Request bodies → prompts: one file per API dialect.

Which dialect a body is of can be seen from its members: each dialect knows the marks of its
own, and chat takes what is left of the bodies with `messages`.
"""

from typing import Final, NamedTuple

from promptlog.accounts import Candidate
from promptlog.bodies import (
    anthropic,
    completions,
    conversation,
    converse,
    gemini,
    openai_chat,
    openai_responses,
    templated,
    torn,
)
from promptlog.bodies.dialect import Body, Dialect
from promptlog.bodies.prompt import Prompt, canonical
from promptlog.fields import text, unpacked
from promptlog.reasons import Reason, Skip

DIALECTS: Final[tuple[Dialect, ...]] = (
    gemini,
    converse,
    anthropic,
    openai_responses,
    openai_chat,
    completions,
)

_BEFORE_CHAT: Final[tuple[Dialect, ...]] = (gemini, converse, anthropic)
_WITHOUT_MESSAGES: Final[tuple[Dialect, ...]] = (gemini, openai_responses, completions)

NOT_LOGGED = "request bodies are not logged"
UNKNOWN = "request body of no known dialect"


class Request(NamedTuple):
    """What a logged request body says."""

    prompt: Prompt = Prompt()
    model: str = ""
    accounts: tuple[Candidate, ...] = ()
    """Fields that say who asked, with paths from the body."""
    truncated: bool = False
    remark: str = ""
    """Why it holds no prompt, or not all of it."""


def dialect_of(body: Body) -> Dialect | None:
    """Return the dialect of a body, None when it is of none."""
    talks = "messages" in body and openai_chat.recognises(body)
    for dialect in _BEFORE_CHAT if talks else _WITHOUT_MESSAGES:
        if dialect.recognises(body):
            return dialect
    return openai_chat if talks else None


def read(logged: object, tools: object = None) -> Request:
    """Return what a body says, logged as an object or as JSON in a text, whole or cut.

    Loggers also keep less than a body: the list of messages, one message, or a plain text.
    `tools` are definitions that were logged beside the body. Raises Skip.
    """
    body = unpacked(logged)
    if isinstance(body, str) and (rest := torn.complete(body)) is not None:
        return read(rest, tools)._replace(truncated=True)
    request = _read(body) if body else Request(remark=NOT_LOGGED)
    if tools and not request.prompt.tools:
        return request._replace(prompt=request.prompt._replace(tools=canonical(unpacked(tools))))
    return request


def read_as(dialect: Dialect, body: Body) -> Request:
    """Return what a body of a dialect says. Raises Skip."""
    return Request(
        dialect.prompt(body),
        text(body.get("model") or body.get("modelId")),
        tuple(dialect.accounts(body)),
        remark=dialect.remark(body),
    )


def _read(body: object) -> Request:
    if isinstance(body, dict):
        dialect = dialect_of(body)
        return read_as(dialect, body) if dialect else _of_turns(body)
    if isinstance(body, str):
        return Request(templated.prompt(body))
    if isinstance(body, list):
        nested = len(body) == 1 and isinstance(body[0], list)  # LangChain's batch of one
        return Request(conversation.prompt(body[0] if nested else body))
    raise Skip(Reason.BAD_FIELD)


def _of_turns(body: dict[str, object]) -> Request:
    """Return what an object of no dialect says: one turn, or turns in another spelling."""
    turns = body.get("messages", [body])
    if isinstance(turns, list) and len(turns) == 1 and isinstance(turns[0], list):
        turns = turns[0]
    if conversation.recognises(turns):
        return Request(conversation.prompt(turns, tools=body.get("tools")), text(body.get("model")))
    return Request(remark=UNKNOWN)
