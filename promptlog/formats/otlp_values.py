"""OTLP JSON: batches of spans and log records → flat entries, one for each.

Attributes come as `{"key": …, "value": {"stringValue": …}}`. An entry has them by their
names, and `@`-named members for what stands beside them. Source: OpenTelemetry protocol
1.x, JSON mapping of common.proto, trace.proto and logs.proto.
"""

from collections.abc import Iterator

from promptlog.fields import member

Flat = dict[str, object]

DETAILS = "gen_ai.client.inference.operation.details"
_ROLES = {f"gen_ai.{role}.message": role for role in ("system", "user", "assistant", "tool")}
_PROMPT_EVENT = "gen_ai.content.prompt"


def entries(batch: object) -> Iterator[Flat]:
    """Yield what a batch of spans or log records may say about calls of models."""
    for span in _below(batch, "resourceSpans", ("scopeSpans", "instrumentationLibrarySpans"), "spans"):
        yield _of_span(span)
    messages: dict[str, Flat] = {}
    for record in _below(batch, "resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords"):
        flat = _flat(record, record.get("timeUnixNano") or record.get("observedTimeUnixNano"))
        event = record.get("eventName") or flat.get("event.name")
        if event == DETAILS:
            body = value(record.get("body"))
            yield {**(body if isinstance(body, dict) else {}), **flat}
        elif isinstance(event, str) and event in _ROLES:
            # Up to 1.36 each message is an event; those of one call have its span's id.
            call = messages.setdefault(str(flat["@span"]), flat | {"@messages": []})
            _add_message(call, _ROLES[event], value(record.get("body")))
    yield from filter(_has_user, messages.values())


def _below(batch: object, outer: str, middle: tuple[str, ...], inner: str) -> Iterator[Flat]:
    for resource in _list(member(batch, outer)):
        for name in middle:
            for scope in _list(member(resource, name)):
                for item in _list(member(scope, inner)):
                    if isinstance(item, dict):
                        yield item


def _of_span(span: Flat) -> Flat:
    flat = _flat(span, span.get("startTimeUnixNano"))
    for event in _list(span.get("events")):
        said = attributes(member(event, "attributes"))
        name = member(event, "name")
        if name in (DETAILS, _PROMPT_EVENT):
            for attribute, said_of_it in said.items():
                flat.setdefault(attribute, said_of_it)
        elif isinstance(name, str) and name in _ROLES:
            flat.setdefault("@messages", [])
            _add_message(flat, _ROLES[name], said)
    return flat


def _flat(item: Flat, time: object) -> Flat:
    return {
        "@trace": item.get("traceId"),
        "@span": item.get("spanId"),
        "@time": time,
        **attributes(item.get("attributes")),
    }


def _add_message(call: Flat, role: str, said: object) -> None:
    messages = call["@messages"]
    if isinstance(messages, list):
        content = member(said, "content") if isinstance(said, dict) else said
        messages.append({"role": member(said, "role") or role, "content": content})


def _has_user(call: Flat) -> bool:
    """Say whether messages are a request: what exporters put in other lines than its user's is not one."""
    return any(member(message, "role") == "user" for message in _list(call["@messages"]))


def attributes(listed: object) -> Flat:
    """Return a list of key-value pairs as an object."""
    return {
        name: value(member(pair, "value"))
        for pair in _list(listed)
        if isinstance(name := member(pair, "key"), str)
    }


def value(any_value: object) -> object:
    """Return what an AnyValue stands for."""
    if not isinstance(any_value, dict):
        return any_value
    if "arrayValue" in any_value:
        return [value(each) for each in _list(member(any_value["arrayValue"], "values"))]
    if "kvlistValue" in any_value:
        return attributes(member(any_value["kvlistValue"], "values"))
    return next((each for name, each in any_value.items() if name.endswith("Value")), None)


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
