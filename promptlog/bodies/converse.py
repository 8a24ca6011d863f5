"""Amazon Bedrock Converse: content items named by their one member, without `type`.

`system` is a list of `{"text": …}`, tools are `toolConfig.tools[].toolSpec`. Amazon Nova's
own bodies have the same shape.
"""

from collections.abc import Iterator

from promptlog.accounts import Candidate, in_tags
from promptlog.bodies.content import text_of
from promptlog.bodies.dialect import Body
from promptlog.bodies.prompt import Prompt, blocks, of_messages
from promptlog.fields import member
from promptlog.reasons import Reason, Skip

NAME = "converse"

MEMBERS = frozenset({
    "id", "modelId", "messages", "system", "toolConfig", "inferenceConfig", "guardrailConfig",
    "additionalModelRequestFields", "additionalModelResponseFieldPaths", "promptVariables",
    "requestMetadata", "performanceConfig", "schemaVersion",
})  # fmt: skip
_OWN_MEMBERS = {"toolConfig", "inferenceConfig", "guardrailConfig", "additionalModelRequestFields"}
_OWN_ITEMS = {"text", "image", "document", "video", "toolUse", "toolResult", "cachePoint"}


def recognises(body: Body) -> bool:
    """Say whether a conversation has Converse's settings, or items without `type`."""
    if not _OWN_MEMBERS.isdisjoint(body):
        return True
    items = blocks(body["messages"])
    return bool(items) and all(map(_is_own, items))


def prompt(body: Body) -> Prompt:
    """Return the prompt of a Converse request. Raises Skip."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        raise Skip(Reason.BAD_FIELD)
    tools = member(body.get("toolConfig"), "tools")
    return of_messages(messages, system=text_of(body.get("system")), tools=tools)


def accounts(body: Body) -> Iterator[Candidate]:
    """Yield what the caller's own tags say about who asked."""
    yield from in_tags(body.get("requestMetadata"), "requestMetadata")


def remark(body: Body) -> str:
    """Say when Bedrock's prompt management fills in the prompt."""
    return "prompt is a server-side template" if "promptVariables" in body else ""


def _is_own(item: object) -> bool:
    return isinstance(item, dict) and "type" not in item and not _OWN_ITEMS.isdisjoint(item)
