"""What a span says of a call of a model, by whose conventions it was written.

OpenTelemetry's own (`gen_ai.input.messages`; up to 1.36, an event for each message),
OpenLLMetry's (`gen_ai.prompt.N.content`) and OpenInference's
(`llm.input_messages.N.message.content`). Spans around calls (chains, agents, tools,
retrievals) repeat their prompts and are no calls.
"""

import re
from collections.abc import Iterator, Mapping

from promptlog import bodies
from promptlog.bodies import Request, conversation
from promptlog.bodies.content import text_of
from promptlog.fields import unpacked
from promptlog.formats.otlp_values import Flat

_CALLS = ("chat", "generate_content", "text_completion", "completion")
_NUMBERED = re.compile(r"([0-9]{1,6})\.(.+)")
_OPENLLMETRY, _OPENINFERENCE = "gen_ai.prompt.", "llm.input_messages."

NOT_CAPTURED = "message content is not captured by the instrumentation"


def is_call(span: Flat) -> bool:
    """Say whether a span or event is of one call of a model."""
    operation = span.get("gen_ai.operation.name") or span.get("llm.request.type")
    if operation is not None:
        return operation in _CALLS
    if "openinference.span.kind" in span:
        return span["openinference.span.kind"] == "LLM"
    return "@messages" in span or any(name.startswith(("gen_ai.", "llm.")) for name in span)


def request(span: Flat) -> Request:
    """Return what was asked. Raises Skip."""
    messages = _messages(span)
    if not messages:
        given = span.get("gen_ai.prompt") or span.get("input.value")
        return bodies.read(given) if given else Request(remark=NOT_CAPTURED)
    system = unpacked(span.get("gen_ai.system_instructions"))
    prompt = conversation.prompt(messages, system=text_of(system), tools=_tools(span))
    return Request(prompt)


def _messages(span: Flat) -> list[object]:
    for name in ("gen_ai.input.messages", "@messages"):
        found = unpacked(span.get(name))
        if isinstance(found, list) and found:
            return found
    return [_turn(said) for prefix in (_OPENLLMETRY, _OPENINFERENCE) for said in _numbered(span, prefix)]


def _turn(said: Mapping[str, object]) -> object:
    role = said.get("role") or said.get("message.role")
    content = said.get("content") or said.get("message.content")
    parts: list[object] = [
        {
            "type": part.get("message_content.type"),
            "text": part.get("message_content.text"),
            "url": part.get("message_content.image.image.url"),
        }
        for part in _numbered(said, "message.contents.")
    ]
    return {"role": role, "content": unpacked(content) or parts}


def _tools(span: Flat) -> object:
    if defined := unpacked(span.get("gen_ai.tool.definitions")):
        return defined
    schemas = [unpacked(tool.get("tool.json_schema")) for tool in _numbered(span, "llm.tools.")]
    return schemas or [
        {name: unpacked(value) for name, value in function.items()}
        for function in _numbered(span, "llm.request.functions.")
    ]


def _numbered(span: Mapping[str, object], prefix: str) -> Iterator[dict[str, object]]:
    """Yield what attributes named `prefix` N `.` name say, in the order of N."""
    found: dict[int, dict[str, object]] = {}
    for name, value in span.items():
        if name.startswith(prefix) and (match := _NUMBERED.fullmatch(name, len(prefix))):
            found.setdefault(int(match[1]), {})[match[2]] = value
    yield from (found[number] for number in sorted(found))
