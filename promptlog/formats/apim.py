"""Azure API Management: the table `ApiManagementGatewayLlmLog`, exported row by row.

The caller is in another table, `ApiManagementGatewayLogs`, under the same `CorrelationId`;
where an export has joined the two, its columns are read. Replies are rows of their own and
give no records. A request over 32 kB is split into rows by `SequenceNumber`: the first one
is read as far as it goes and is marked as cut, and the others give no records.
"""

from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level
from promptlog.bodies import Request
from promptlog.fields import text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper
from promptlog.record import PromptRecord

REPLY = "a reply, in a row of its own"
REST = "the rest of a request that is split over rows"


class APIM(Wrapper):
    """`{"TimeGenerated": …, "CorrelationId": …, "SequenceNumber": 0, "RequestMessages": …}`."""

    name = "azure-apim"
    marks = frozenset({"CorrelationId", "RequestMessages"})
    body_path = "RequestMessages"

    def parse(self, entry: object) -> list[PromptRecord]:
        records = super().parse(entry)
        return [] if isinstance(entry, dict) and self.request(entry).remark in (REPLY, REST) else records

    def request(self, entry: Entry) -> Request:
        messages = unpacked(entry.get("RequestMessages"))
        if not messages:
            return Request(remark=REPLY if entry.get("ResponseMessages") else bodies.NOT_LOGGED)
        if isinstance(messages, str) and text(entry.get("SequenceNumber")) not in ("", "0"):
            return Request(remark=REST)
        return bodies.read(messages)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield Level.PERSON, "UserId", entry.get("UserId")
        yield Level.KEY, "ApimSubscriptionId", entry.get("ApimSubscriptionId")

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("CorrelationId")),
            time_us=times.to_us(entry.get("TimeGenerated")),
            model=text(entry.get("ModelName") or entry.get("DeploymentName")),
            ip=text(entry.get("CallerIpAddress")),
        )


FORMAT = APIM()
