"""Envelopes: what log shippers put around the line that a gateway wrote.

Inside is an object, or text (JSON or not), or a list of them; envelopes also nest. An
envelope's time stands in where the entry has none of its own.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from promptlog import times
from promptlog.fields import at, unpacked
from promptlog.formats.base import LogFormat, each
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord


@dataclass(frozen=True)
class Envelope:
    """One shipper's envelope. Paths are dotted; of several, the first that is there counts."""

    name: str
    contents: tuple[str, ...]
    times: tuple[str, ...] = ()
    """When the shipper had the line."""

    def open(self, entry: object) -> list[object]:
        """Return what is inside; nothing when the entry is no such envelope."""
        if not isinstance(entry, dict):
            return []
        content = next((found for path in self.contents if (found := at(entry, path)) is not None), None)
        inside = unpacked(content)
        return inside if isinstance(inside, list) else [] if inside is None else [inside]

    def time(self, entry: object) -> int | None:
        """Return when the shipper had the line, None where it does not say so readably."""
        for path in self.times:
            with suppress(Skip):
                if (time_us := times.to_us(at(entry, path))) is not None:
                    return time_us
        return None


class _Array(Envelope):
    """A list of entries on one line, as Kong's http-log sends them."""

    def open(self, entry: object) -> list[object]:
        return entry if isinstance(entry, list) else []


ENVELOPES: tuple[Envelope, ...] = (
    _Array("array", ()),
    Envelope("cloudwatch", ("@message", "logEvents", "events"), ("@timestamp",)),
    Envelope("elastic", ("_source", "hits.hits"), ("_source.@timestamp",)),
    Envelope("splunk", ("_raw", "result._raw", "result", "event"), ("_time", "result._time", "time")),
    Envelope("cloud-logging", ("jsonPayload", "textPayload"), ("timestamp", "receiveTimestamp")),
    Envelope("azure", ("properties",), ("time",)),
    Envelope("docker", ("log",), ("time", "@timestamp")),
    Envelope("message", ("message", "MESSAGE", "line"), ("@timestamp", "timestamp", "__REALTIME_TIMESTAMP")),
)


class Enveloped(LogFormat):
    """Entries of one format, each in an envelope."""

    def __init__(self, envelope: Envelope, inner: LogFormat) -> None:
        self.name = f"{envelope.name}/{inner.name}"
        self._envelope = envelope
        self._inner = inner

    def beside(self, path: str) -> LogFormat:
        return Enveloped(self._envelope, self._inner.beside(path))

    def recognises(self, entry: object) -> float:
        inside = self._envelope.open(entry)
        return max(map(self._inner.recognises, inside), default=0.0)

    def parse(self, entry: object) -> list[PromptRecord]:
        inside = [part for part in self._envelope.open(entry) if self._inner.recognises(part)]
        if not inside and self._inner.recognises(entry):
            return self._inner.parse(entry)  # a part that `split` gave
        if not inside:
            raise Skip(Reason.UNKNOWN_SHAPE)
        time_us = self._envelope.time(entry)
        return each(inside, lambda part: list(_timed(self._inner.parse(part), time_us)))

    def split(self, entry: object) -> list[object]:
        return [part for inside in self._envelope.open(entry) for part in self._inner.split(inside)]

    def remark(self, entry: object) -> str:
        remarks = map(self._inner.remark, self._envelope.open(entry))
        return next(filter(None, remarks), "")


def _timed(records: list[PromptRecord], time_us: int | None) -> Iterator[PromptRecord]:
    for record in records:
        yield record._replace(time_us=time_us) if record.time_us is None else record
