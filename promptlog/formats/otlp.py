"""OpenTelemetry: OTLP JSON as collectors write it, a batch of spans or log records a line.

One call may be a span and an event, and stand in both files: both have the provider's
response id, or else the ids of trace and span, so it counts once. A span without content
gives no record, as its content may be logged as an event.
"""

from collections.abc import Iterator

from promptlog import accounts, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.fields import text
from promptlog.formats import otlp_calls, otlp_values
from promptlog.formats.base import LogFormat, each
from promptlog.formats.otlp_values import Flat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord

_PEOPLE = ("enduser.id", "user.id", "enduser.pseudo.id", "user.hash", "user.email", "langfuse.user.id")
_SESSIONS = ("gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id", "@trace")
_MODELS = ("gen_ai.request.model", "llm.model_name", "gen_ai.response.model")
_TAGS = "traceloop.association.properties"


class OTLP(LogFormat):
    """`{"resourceSpans": […]}` or `{"resourceLogs": […]}`."""

    name = "otlp"

    def recognises(self, entry: object) -> float:
        if not isinstance(entry, dict):
            return 0.0
        return 1.0 if "resourceSpans" in entry or "resourceLogs" in entry or "@span" in entry else 0.0

    def split(self, entry: object) -> list[object]:
        if isinstance(entry, dict) and "@span" in entry:
            return [entry]
        return [span for span in otlp_values.entries(entry) if otlp_calls.is_call(span)]

    def parse(self, entry: object) -> list[PromptRecord]:
        if not self.recognises(entry):
            raise Skip(Reason.UNKNOWN_SHAPE)
        return each(self.split(entry), _records)

    def remark(self, entry: object) -> str:
        spans = self.split(entry)
        if not spans:
            return "no call of a model among the spans"
        for span in spans:
            if isinstance(span, dict) and (remark := otlp_calls.request(span).remark):
                return remark
        return ""


def _records(span: object) -> list[PromptRecord]:
    if not isinstance(span, dict):
        raise Skip(Reason.UNKNOWN_SHAPE)
    request = otlp_calls.request(span)
    if request.remark == otlp_calls.NOT_CAPTURED:
        return []
    account = accounts.best(_accounts(span))
    return [
        PromptRecord(
            request_id=text(span.get("gen_ai.response.id")) or _span_id(span),
            account=account.name,
            account_field=account.field,
            time_us=times.to_us(span.get("@time")),
            model=_first(span, _MODELS),
            ip=text(span.get("client.address")),
            user_agent=text(span.get("user_agent.original")),
            session=account.session or _first(span, _SESSIONS),
            truncated=request.truncated,
            **request.prompt._asdict(),
        )
    ]


def _accounts(span: Flat) -> Iterator[Candidate]:
    for name in _PEOPLE:
        yield Level.PERSON, name, span.get(name)
    tags = {name.removeprefix(_TAGS + "."): value for name, value in span.items() if name.startswith(_TAGS)}
    yield from in_tags(tags, _TAGS)


def _span_id(span: Flat) -> str:
    trace, own = text(span.get("@trace")), text(span.get("@span"))
    return f"{trace}:{own}" if own else ""


def _first(span: Flat, names: tuple[str, ...]) -> str:
    return next((found for name in names if (found := text(span.get(name)))), "")


FORMAT = OTLP()
