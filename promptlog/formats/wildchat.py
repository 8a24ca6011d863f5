"""WildChat: a data set of ChatGPT conversations, one a row, as it is published in Parquet.

`hashed_ip` stands for who asked; it is in the row, and in old versions in every turn.
"""

from collections.abc import Iterator

from promptlog import times
from promptlog.accounts import Candidate, Level
from promptlog.fields import at, member, text
from promptlog.formats.wrapper import Entry, Outside, Wrapper


class WildChat(Wrapper):
    """`{"conversation_hash": …, "model": …, "conversation": [{"role": …, "hashed_ip": …}, …]}`."""

    name = "wildchat"
    marks = frozenset({"conversation_hash", "conversation"})
    body_path = "conversation"

    def accounts(self, entry: Entry) -> Iterator[Candidate]:
        yield Level.PERSON, "hashed_ip", entry.get("hashed_ip")
        yield Level.PERSON, "conversation.0.hashed_ip", at(entry, "conversation.0.hashed_ip")

    def outside(self, entry: Entry) -> Outside:
        header = entry.get("header") or at(entry, "conversation.0.header")
        return Outside(
            request_id=text(entry.get("conversation_hash")),
            time_us=times.to_us(entry.get("timestamp") or at(entry, "conversation.0.timestamp")),
            model=text(entry.get("model")),
            user_agent=text(member(header, "user-agent")),
        )


FORMAT = WildChat()
