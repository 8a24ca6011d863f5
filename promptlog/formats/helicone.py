"""Helicone's request export. Its `signed_body_url` is never fetched."""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import text
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class Helicone(Wrapper):
    """`{"request_id": …, "request_created_at": …, "request_body": …}`."""

    name = "helicone"
    marks = frozenset({"request_id", "request_created_at"})
    body_path = "request_body"

    def request(self, entry: Entry) -> Request:
        request = bodies.read(entry.get("request_body"))
        if request.remark == bodies.NOT_LOGGED and entry.get("signed_body_url"):
            return request._replace(remark="bodies are at signed_body_url, which is never fetched")
        return request

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield Level.PERSON, "request_user_id", entry.get("request_user_id")
        yield Level.PERSON, "helicone_user", entry.get("helicone_user")
        yield from in_tags(entry.get("request_properties"), "request_properties")
        yield Level.ORGANISATION, "organization_id", entry.get("organization_id")
        yield Level.KEY, "auth_hash", entry.get("auth_hash")

    def outside(self, entry: Entry) -> Outside:
        properties = entry.get("request_properties")
        session = properties.get("Helicone-Session-Id") if isinstance(properties, dict) else None
        return Outside(
            request_id=text(entry.get("request_id")),
            time_us=times.to_us(entry.get("request_created_at")),
            model=text(entry.get("request_model")),
            organisation=text(entry.get("organization_id")),
            session=text(session),
        )


FORMAT = Helicone()
