"""Message content → text.

Content is a text or a list of parts. Text parts are joined by newlines; media stand in
the text as "[image sha256:… image/png]", so that two requests with one picture still
resemble each other. Tool calls and tool results are not what the user wrote, and are left out.
"""

import base64
import binascii
import hashlib

from promptlog.fields import member
from promptlog.reasons import Reason, Skip

_MEDIA = {
    "image_url": "image",
    "input_image": "image",
    "image": "image",
    "input_audio": "audio",
    "audio": "audio",
    "video_url": "video",
    "input_file": "file",
    "file": "file",
    "document": "file",
}
_TEXT = {"text", "input_text", "output_text", None}


def text_of(content: object) -> str:
    """Return the text of a message's content. Raises Skip when content is no content.

    >>> text_of([{"type": "text", "text": "Solve"}, {"type": "text", "text": "2+2"}])
    'Solve\\n2+2'
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = [content] if isinstance(content, dict) else content
    if not isinstance(parts, list):
        raise Skip(Reason.BAD_FIELD)
    return "\n".join(filter(None, map(_part, parts)))


def is_tool_result(content: object) -> bool:
    """Say whether content is nothing but results of tools (Anthropic sends them as the user)."""
    return (
        isinstance(content, list) and bool(content) and all(_kind(part) == "tool_result" for part in content)
    )


def _kind(part: object) -> object:
    return member(part, "type")


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise Skip(Reason.BAD_FIELD)
    kind = _kind(part)
    if not isinstance(kind, str | None):
        raise Skip(Reason.BAD_FIELD)
    if kind in _TEXT:
        return text_of(part.get("text"))
    return _placeholder(_MEDIA[kind], part) if kind in _MEDIA else ""


def _placeholder(name: str, part: dict[str, object]) -> str:
    data, mime = _payload(part)
    if not data:
        return f"[{name}]"
    return f"[{name} sha256:{hashlib.sha256(_raw(data)).hexdigest()}{mime and ' ' + mime}]"


def _payload(part: dict[str, object]) -> tuple[str, str]:
    """Return a medium's data (base64, or the URL or id it is known by) and its mime type."""
    holder = part.get(str(part.get("type"))) or part.get("source") or part
    if isinstance(holder, str):
        holder = {"url": holder}
    names = ("url", "image_url", "data", "file_data", "file_id")
    data = next((value for name in names if isinstance(value := member(holder, name), str)), "")
    mime = member(holder, "media_type") or member(holder, "format") or ""
    if data.startswith("data:"):
        header, _, data = data[5:].partition(",")
        mime = header.partition(";")[0]
    return data, mime if isinstance(mime, str) else ""


def _raw(data: str) -> bytes:
    """Return what base64 stands for, so that two spellings of one picture agree; else the text's bytes."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return data.encode()
