"""Langfuse's exports of observations, from blob storage (snake_case) and from the UI (camelCase).

A trace also has spans around its generations, which repeat their input: only observations
of type GENERATION are requests, and the others give no records.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper
from promptlog.record import PromptRecord

_STORED = frozenset({"trace_id", "project_id", "start_time"})
_SHOWN = frozenset({"traceId", "startTime", "type", "input"})


class Langfuse(Wrapper):
    """`{"id": …, "trace_id": …, "type": "GENERATION", "provided_model_name": …, "input": …}`."""

    name = "langfuse"
    body_path = "input"

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict):
            return 0.0
        stored = entry.keys() >= _STORED and ("provided_model_name" in entry or "type" in entry)
        return 1.0 if stored or entry.keys() >= _SHOWN else 0.0

    def parse(self, entry: object) -> list[PromptRecord]:
        records = super().parse(entry)
        return records if isinstance(entry, dict) and _is_generation(entry) else []

    def request(self, entry: Entry) -> Request:
        if not _is_generation(entry):
            return Request(remark="a span around generations, which are entries of their own")
        tools = unpacked(entry.get("tool_definitions") or entry.get("toolDefinitions"))
        if isinstance(tools, dict):  # the UI keeps them by name, each as JSON in a text
            tools = [unpacked(tool) for tool in tools.values()]
        return bodies.read(entry.get("input"), tools)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        for name in ("user_id", "userId"):
            yield Level.PERSON, name, entry.get(name)
        yield from in_tags(unpacked(entry.get("metadata")), "metadata")

    def outside(self, entry: Entry) -> Outside:
        def either(stored: str, shown: str) -> object:
            return entry.get(stored) or entry.get(shown)

        return Outside(
            request_id=text(entry.get("id")),
            time_us=times.to_us(either("start_time", "startTime")),
            model=text(either("provided_model_name", "model")),
            organisation=text(either("project_id", "projectId")),
            session=text(either("session_id", "sessionId") or either("trace_id", "traceId")),
        )


def _is_generation(entry: Entry) -> bool:
    return entry.get("type", "GENERATION") == "GENERATION"


FORMAT = Langfuse()
