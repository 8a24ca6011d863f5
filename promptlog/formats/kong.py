"""Kong AI Gateway by its logging plugins (file-log, http-log and the like).

The request is logged only where `log_payloads` is on, as JSON in a text, at `ai.proxy` or,
in older versions, at `ai` or under the plugin's name.
"""

from collections.abc import Iterator, Mapping

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level
from promptlog.bodies import Request
from promptlog.fields import at, member, text
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class Kong(Wrapper):
    """`{"started_at": …, "client_ip": …, "consumer": …, "ai": {"proxy": …}}`."""

    name = "kong"
    marks = frozenset({"ai", "started_at", "client_ip"})
    body_path = "ai.proxy.payload.request"

    def request(self, entry: Entry) -> Request:
        requests = (at(plugin, "payload.request") for plugin in _plugins(entry))
        request = bodies.read(next((found for found in requests if found), None))
        if request.remark == bodies.NOT_LOGGED:
            return request._replace(remark="request payloads are not logged (log_payloads is off)")
        return request

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        consumer = entry.get("consumer")
        for name in ("custom_id", "username", "id"):
            yield Level.PERSON, f"consumer.{name}", member(consumer, name)
        yield Level.KEY, "authenticated_entity.id", member(entry.get("authenticated_entity"), "id")

    def outside(self, entry: Entry) -> Outside:
        models = (at(plugin, "meta.request_model") for plugin in _plugins(entry))
        request = entry.get("request")
        return Outside(
            request_id=text(member(request, "id")),
            time_us=times.to_us(entry.get("started_at")),
            model=text(next((model for model in models if model), None)),
            ip=text(entry.get("client_ip")),
            user_agent=text(member(member(request, "headers"), "user-agent")),
            organisation=text(entry.get("workspace_name") or entry.get("workspace")),
        )


def _plugins(entry: Entry) -> Iterator[object]:
    """Yield what AI plugins logged, the proxy's own first, then where old versions put it."""
    ai = entry.get("ai")
    if isinstance(ai, Mapping):
        yield ai.get("proxy")
        yield ai
        yield from (ai[name] for name in sorted(ai) if name != "proxy")


FORMAT = Kong()
