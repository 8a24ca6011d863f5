"""LMSYS-Chat-1M: a data set of conversations, one a row, without users or times."""

from collections.abc import Iterator

from promptlog.accounts import Candidate
from promptlog.fields import text
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class LMSYS(Wrapper):
    """`{"conversation_id": …, "model": …, "conversation": […], "openai_moderation": […]}`."""

    name = "lmsys"
    marks = frozenset({"conversation_id", "conversation", "openai_moderation"})
    body_path = "conversation"

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield from ()

    def outside(self, entry: Entry) -> Outside:
        return Outside(request_id=text(entry.get("conversation_id")), model=text(entry.get("model")))


FORMAT = LMSYS()
