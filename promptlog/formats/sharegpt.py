"""ShareGPT: conversations for training, `from` human and gpt, without users or times."""

from collections.abc import Iterator

from promptlog.accounts import Candidate
from promptlog.bodies import Request, conversation
from promptlog.bodies.content import text_of
from promptlog.fields import member, text, unpacked
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class ShareGPT(Wrapper):
    """`{"id": …, "conversations": [{"from": "human", "value": …}, …], "system": …, "tools": …}`."""

    name = "sharegpt"
    body_path = "conversations"

    def recognises(self, entry: object) -> float:
        turns = unpacked(member(entry, "conversations"))
        if not isinstance(turns, list) or not turns:
            return 0.0
        return 1.0 if all(isinstance(member(turn, "from"), str) for turn in turns) else 0.0

    def request(self, entry: Entry) -> Request:
        turns = unpacked(entry.get("conversations"))
        tools = unpacked(entry.get("tools"))
        return Request(conversation.prompt(turns, system=text_of(entry.get("system")), tools=tools))

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield from ()

    def outside(self, entry: Entry) -> Outside:
        return Outside(request_id=text(entry.get("id")), model=text(entry.get("model")))


FORMAT = ShareGPT()
