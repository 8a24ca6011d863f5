"""Amazon Bedrock's model invocation log: one object for each call, of Converse or a model's own API.

Bodies over 100 kB lie in files of their own, which are read where they are in the local copy
of the log (`bedrock_bodies`). `accountId` is the AWS
account, which is an organisation rather than a person.
"""

import re
from collections.abc import Iterator

from promptlog import bodies, times
from promptlog.accounts import Candidate, Level, in_tags
from promptlog.bodies import Request
from promptlog.fields import member, text
from promptlog.formats import bedrock_bodies
from promptlog.formats.base import LogFormat
from promptlog.formats.wrapper import Entry, Outside, Wrapper

# What SDKs call the session of an assumed role when nobody names it: new each time.
_SESSION = re.compile(r"(?<=:assumed-role/)([^/]+)/(?:[a-z]+-(?:go-)?(?:sdk-|session-))?\d{9,}$")


class Bedrock(Wrapper):
    """`{"schemaType": "ModelInvocationLog", …, "input": {"inputBodyJson": …}}`."""

    name = "bedrock"
    body_path = "input.inputBodyJson"

    def recognises(self, entry: object) -> float:
        return 1.0 if member(entry, "schemaType") == "ModelInvocationLog" else 0.0

    def __init__(self, log: str = "") -> None:
        self._log = log

    def beside(self, path: str) -> LogFormat:
        return Bedrock(path)

    def request(self, entry: Entry) -> Request:
        given = entry.get("input")
        elsewhere = member(given, "inputBodyS3Path")
        body = member(given, "inputBodyJson") or (self._log and bedrock_bodies.load(self._log, elsewhere))
        if not body and elsewhere:
            return Request(remark="body is in a file that is not beside the log (inputBodyS3Path)")
        return bodies.read(body)

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield from in_tags(entry.get("requestMetadata"), "requestMetadata")
        arn = text(member(entry.get("identity"), "arn"))
        yield Level.TEAM, "identity.arn", _SESSION.sub(r"\1", arn)
        yield Level.ORGANISATION, "accountId", entry.get("accountId")

    def outside(self, entry: Entry) -> Outside:
        return Outside(
            request_id=text(entry.get("requestId")),
            time_us=times.to_us(entry.get("timestamp")),
            model=text(entry.get("modelId")),
            organisation=text(entry.get("accountId")),
        )


FORMAT = Bedrock()
