"""Cloudflare AI Gateway by Logpush.

Fields may be encrypted with the customer's key: `{"key": …, "iv": …, "data": …}` then
stands for the text, and nothing of it can be read here. The name of the time differs
between versions, so several are tried.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper

_ENCRYPTED = frozenset({"key", "iv", "data"})
_TIMES = ("Datetime", "Timestamp", "EventTimestampMs", "CreatedAt", "RequestTime", "StartTime")


class Cloudflare(Wrapper):
    """`{"Gateway": …, "Metadata": …, "RequestBody": …, "ResponseBody": …}`."""

    name = "cloudflare"
    marks = frozenset({"RequestBody", "ResponseBody", "Metadata"})
    body_path = "RequestBody"

    def request(self, entry: Entry) -> Request:
        body = unpacked(entry.get("RequestBody"))
        if _is_encrypted(body):
            return Request(remark="bodies are encrypted with the customer's key: decrypt them first")
        return bodies.read(body)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        tags = unpacked(entry.get("Metadata"))
        if not _is_encrypted(tags):
            yield from in_tags(tags, "Metadata")
        yield Level.ORGANISATION, "AccountID", entry.get("AccountID")

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("ID") or entry.get("EventID") or entry.get("RayID")),
            time_us=times.to_us(next((entry[name] for name in _TIMES if entry.get(name)), None)),
            model=text(entry.get("Model")),
            organisation=text(entry.get("Gateway")),
        )


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= _ENCRYPTED


FORMAT = Cloudflare()
