"""LiteLLM's table of spend logs, `LiteLLM_SpendLogs`, exported row by row.

`messages` is mostly `{}`; the body is in `proxy_server_request`, where texts over 2,048
characters keep both ends. `request_id` is the provider's response id. A reply from the
cache has it with `_cache_hit` and a time behind: that is a request of its own.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level
from promptlog.bodies import Request
from promptlog.fields import member, text, unpacked
from promptlog.formats import litellm_marks
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class LiteLLMSpend(Wrapper):
    """`{"request_id": …, "call_type": …, "spend": …, "proxy_server_request": …}`."""

    name = "litellm-spend"
    marks = frozenset({"request_id", "call_type", "spend"})
    body_path = "proxy_server_request"

    def request(self, entry: Entry) -> Request:
        body = unpacked(entry.get("proxy_server_request"))
        body = member(body, "body") or body or unpacked(entry.get("messages"))
        request = bodies.read(body)
        prompt, is_cut = litellm_marks.without_marks(request.prompt)
        redacted = litellm_marks.REMARK if litellm_marks.REDACTED in request.prompt else ""
        return request._replace(
            prompt=prompt, truncated=request.truncated or is_cut, remark=redacted or request.remark
        )

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield Level.PERSON, "user", entry.get("user")
        yield Level.PERSON, "end_user", entry.get("end_user")
        yield Level.TEAM, "team_id", entry.get("team_id")
        yield Level.ORGANISATION, "organization_id", entry.get("organization_id")
        yield Level.KEY, "api_key", entry.get("api_key")

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("request_id")),
            time_us=times.to_us(entry.get("startTime")),
            model=text(entry.get("model")),
            ip=text(entry.get("requester_ip_address")),
            organisation=text(entry.get("organization_id") or entry.get("team_id")),
            session=text(entry.get("session_id")),
        )


FORMAT = LiteLLMSpend()
