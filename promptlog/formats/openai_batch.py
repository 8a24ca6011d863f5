"""OpenAI's batch files: `{"custom_id": …, "url": "/v1/…", "body": …}`.

The output file has the replies under the same `custom_id`, and no prompts: no records are
made of it, lest a request count twice.
"""

from collections.abc import Iterator

from promptlog import bodies
from promptlog.accounts import Candidate
from promptlog.bodies import Request
from promptlog.fields import text
from promptlog.formats.wrapper import Entry, Outside, Wrapper
from promptlog.record import PromptRecord

_OUTPUT = frozenset({"custom_id", "response"})


class OpenAIBatch(Wrapper):
    """Inputs of batches, and their outputs so far as to say that they hold no prompts."""

    name = "openai-batch"
    marks = frozenset({"custom_id", "url", "body"})
    body_path = "body"

    def recognises(self, entry: object) -> float:
        is_output = isinstance(entry, dict) and entry.keys() >= _OUTPUT
        return 1.0 if is_output else super().recognises(entry)

    def parse(self, entry: object) -> list[PromptRecord]:
        records = super().parse(entry)
        return [] if isinstance(entry, dict) and entry.keys() >= _OUTPUT else records

    def request(self, entry: Entry) -> Request:
        if "response" in entry:
            return Request(remark="an output file of a batch: prompts are in the input file")
        return bodies.read(entry.get("body"))

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield from ()

    def outside(self, entry: Entry) -> Outside:
        return Outside(request_id=text(entry.get("custom_id")))


FORMAT = OpenAIBatch()
