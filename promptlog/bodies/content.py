"""Message content → text.

Content is a text or a list of parts. Text parts are joined by newlines; media stand in
the text as "[image sha256:… image/png]", so that two requests with one picture still
resemble each other. Tool calls and tool results are not what the user wrote, and are left out.

A part says what it is in `type` (OpenAI, Anthropic, OpenTelemetry) or by the one member it
has (Converse, Gemini).
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
    "video": "video",
    "input_file": "file",
    "file": "file",
    "document": "file",
    "file_data": "file",
    "blob": "file",
    "uri": "file",
}
_UNTYPED_MEDIA = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "document": "file",
    "inlineData": "file",
    "inline_data": "file",
    "fileData": "file",
    "file_data": "file",
}
_TEXT = {"text", "input_text", "output_text"}
_RESULTS = {"tool_result", "function_call_output", "tool_call_response"}
_UNTYPED_RESULTS = ("toolResult", "functionResponse", "function_response")


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
    """Say whether content is nothing but results of tools (most dialects send them as the user)."""
    return isinstance(content, list) and bool(content) and all(map(_is_result, content))


def _is_result(part: object) -> bool:
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    if isinstance(kind, str):
        return kind in _RESULTS
    return any(name in part for name in _UNTYPED_RESULTS)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise Skip(Reason.BAD_FIELD)
    kind = part.get("type")
    if kind is None:
        return _untyped(part)
    if not isinstance(kind, str):
        raise Skip(Reason.BAD_FIELD)
    if kind in _TEXT:
        # OpenTelemetry's parts have their text in `content`.
        return _plain(part["text"] if "text" in part else part.get("content"))
    if kind in _MEDIA:
        holder = part.get(kind) or part.get("source") or part
        return _placeholder(str(part.get("modality") or _MEDIA[kind]), holder)
    return ""


def _untyped(part: dict[str, object]) -> str:
    if "text" in part:
        return _plain(part["text"])
    for name, medium in _UNTYPED_MEDIA.items():
        if name in part:
            return _placeholder(medium, part[name])
    return ""


def _plain(value: object) -> str:
    """Return the text of a text part, which Assistants wrap in an object with a `value`."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str | None):
        return value or ""
    raise Skip(Reason.BAD_FIELD)


_DATA = ("url", "image_url", "file_url", "data", "bytes", "file_data", "content", "uri", "fileUri",
         "file_uri", "file_id")  # fmt: skip
_MIME = ("media_type", "mime_type", "mimeType", "format")


def _placeholder(medium: str, holder: object) -> str:
    """Name a medium by the hash of its bytes, or of the URL or id it is known by."""
    data, mime = _payload(holder)
    if not data:
        return f"[{medium}]"
    kind = mime.partition("/")[0]
    if medium == "file" and kind in ("image", "audio", "video"):
        medium = kind
    return f"[{medium} sha256:{hashlib.sha256(_raw(data)).hexdigest()}{mime and ' ' + mime}]"


def _payload(holder: object) -> tuple[str, str]:
    if isinstance(holder, str):
        holder = {"url": holder}
    source = member(holder, "source")  # Converse: {"format": "png", "source": {"bytes": …}}
    places = (holder, source, member(source, "s3Location"))
    data = _first(places, _DATA)
    mime = _first(places, _MIME)
    if data.startswith("data:"):
        header, _, data = data[5:].partition(",")
        mime = header.partition(";")[0]
    return data, mime


def _first(places: tuple[object, ...], names: tuple[str, ...]) -> str:
    values = (member(place, name) for place in places for name in names)
    return next((value for value in values if isinstance(value, str) and value), "")


def _raw(data: str) -> bytes:
    """Return what base64 stands for, so that two spellings of one picture agree; else the text's bytes."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return data.encode()
