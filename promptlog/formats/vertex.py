"""Vertex AI's request-response log in BigQuery, exported as JSON.

Rows hold no caller: the endpoint names the project, which is the only account there is.
Older tables have `request_payload` (a list of JSON texts) for `full_request`. The log is a
sample: what is missing was not logged.
"""

import re
from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level
from promptlog.bodies import Request
from promptlog.fields import member, text
from promptlog.formats.wrapper import Entry, Outside, Wrapper

_PROJECT = re.compile(r"projects/([^/]+)")


class Vertex(Wrapper):
    """`{"logging_time": …, "endpoint": …, "full_request": {"contents": …}}`."""

    name = "vertex"
    body_path = "full_request"

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict) or "logging_time" not in entry:
            return 0.0
        return 1.0 if "full_request" in entry or "request_payload" in entry else 0.0

    def request(self, entry: Entry) -> Request:
        if entry.get("full_request"):
            return bodies.read(entry["full_request"])
        payload = entry.get("request_payload")
        return bodies.read(payload[0] if isinstance(payload, list) and payload else payload)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        project = _PROJECT.search(text(entry.get("endpoint")))
        yield Level.ORGANISATION, "endpoint#project", project and project[1]

    def outside(self, entry: Entry) -> Outside:
        session = member(entry.get("otel_log"), "trace_id")
        return Outside(
            request_id=text(entry.get("request_id")),
            time_us=times.to_us(entry.get("logging_time")),
            model=text(entry.get("model") or entry.get("deployed_model_id")),
            session=text(session),
        )


FORMAT = Vertex()
