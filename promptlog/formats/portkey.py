"""Portkey's log export. Members may be nested, or named by their dotted path.

The export API has no `virtual_key`; `metadata._user` is where Portkey's SDKs put the user.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import at, text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class Portkey(Wrapper):
    """`{"ai_org": …, "ai_model": …, "req_units": …, "request": {"body": …}}`."""

    name = "portkey"
    marks = frozenset({"ai_org", "ai_model", "req_units"})
    body_path = "request.body"

    def request(self, entry: Entry) -> Request:
        return bodies.read(at(entry, "request.body") or entry.get("request"))

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        dotted = {name[9:]: value for name, value in entry.items() if name.startswith("metadata.")}
        yield from in_tags(unpacked(entry.get("metadata")) or dotted, "metadata")
        yield Level.KEY, "virtual_key", entry.get("virtual_key")

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("id") or entry.get("request_id")),
            time_us=times.to_us(entry.get("created_at")),
            model=text(entry.get("ai_model")),
            organisation=text(entry.get("organisation_id")),
            session=text(entry.get("trace_id")),
        )


FORMAT = Portkey()
