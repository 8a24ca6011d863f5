"""OpenAI's stored completions: objects without prompts, and lists of messages apart from them.

`GET /v1/chat/completions` gives `{"object": "chat.completion", …}` with the customer's
`metadata`; the prompt is in `GET /v1/chat/completions/{id}/messages`, whose items are
named after the completion.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import member, text
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class StoredCompletions(Wrapper):
    """`{"object": "chat.completion", "choices": …}` or `{"object": "list", "data": [message, …]}`."""

    name = "openai-stored"
    body_path = "data"

    def recognises(self, entry: object) -> float:
        if member(entry, "object") == "chat.completion":
            return 1.0
        return 1.0 if member(entry, "object") == "list" and _messages(entry) else 0.0

    def request(self, entry: Entry) -> Request:
        if messages := _messages(entry):
            return bodies.read(messages)
        return Request(remark="a stored completion: its prompt is in its list of messages")

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield Level.PERSON, "safety_identifier", entry.get("safety_identifier")
        yield Level.PERSON, "user", entry.get("user")
        yield from in_tags(entry.get("metadata"), "metadata")

    def outside(self, entry: Entry) -> Outside:
        messages = _messages(entry)
        listed = text(member(messages[0], "id")).rpartition("-")[0] if messages else ""
        return Outside(
            request_id=text(entry.get("id")) or listed,
            time_us=times.to_us(entry.get("created")),
            model=text(entry.get("model")),
        )


def _messages(entry: object) -> list[object]:
    """Return the messages of a list of nothing else."""
    data = member(entry, "data")
    if not isinstance(data, list) or not all(member(message, "role") for message in data):
        return []
    return data


FORMAT = StoredCompletions()
