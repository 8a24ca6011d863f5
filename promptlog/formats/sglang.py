"""SGLang's request log in JSON (`--log-requests-format json`).

A request is logged when it is received and when it is finished, under one `rid`: two
entries that count once. A chat has no text yet when it is received, and such an entry gives
no record. Times are local to the server, without a zone, and are taken for UTC. Texts are
what the model reads; at level 2 they keep 1,024 characters at each end.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate
from promptlog.bodies import Request
from promptlog.fields import member, text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper
from promptlog.record import PromptRecord

_EVENTS = ("request.received", "request.finished")
_END = 1024
_GAP = "..."
NOT_YET = "a chat that is only received has no text yet"


class SGLang(Wrapper):
    """`{"timestamp": …, "event": "request.finished", "rid": …, "obj": {"text": …}}`."""

    name = "sglang"
    body_path = "obj"

    def recognises(self, entry: object) -> float:
        return 1.0 if member(entry, "event") in _EVENTS and member(entry, "rid") else 0.0

    def parse(self, entry: object) -> list[PromptRecord]:
        records = super().parse(entry)
        return [] if isinstance(entry, dict) and self.request(entry).remark == NOT_YET else records

    def request(self, entry: Entry) -> Request:
        obj = unpacked(entry.get("obj"))
        said = member(obj, "text")
        if said:
            request = bodies.read({"prompt": said})
            is_cut = isinstance(said, str) and said[_END:-_END] == _GAP
            return request._replace(truncated=is_cut)
        if member(obj, "input_ids"):
            return Request(remark="prompt is logged as token numbers")
        return Request(remark=NOT_YET if entry.get("event") == "request.received" else bodies.NOT_LOGGED)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield from ()

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("rid")),
            time_us=times.to_us(entry.get("timestamp")),
            model=text(member(unpacked(entry.get("obj")), "model")),
        )


FORMAT = SGLang()
