"""What a log format is. To add one: a file with a subclass, and its place in `FORMATS`."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from promptlog import strict
from promptlog.record import PromptRecord


class LogFormat(ABC):
    """One way of logging requests."""

    name: str
    specific: bool = True
    """False when entries of other formats fit too; then each line is matched anew."""

    @abstractmethod
    def recognises(self, entry: object) -> float:
        """Return how sure it is, from 0 to 1, that an entry is of this format."""

    @abstractmethod
    def parse(self, entry: object) -> list[PromptRecord]:
        """Return an entry's records: one for most formats, several where entries are batches.

        A record whose entry has no id has the request_id "". Raises Skip for an entry that
        it cannot read, with UNKNOWN_SHAPE when the entry is of another format.
        """

    def parse_line(self, line: bytes) -> list[PromptRecord]:
        """Parse a line. A format with a faster way than decoding all of it overrides this."""
        return self.parse(strict.decode(line))

    def detect(self, sample: Sequence[object]) -> float:
        """Return the confidence, from 0 to 1, that a log with these entries is of this format."""
        return sum(map(self.recognises, sample)) / len(sample) if sample else 0.0

    def remark(self, entry: object) -> str:
        """Say in a few words why an entry holds no prompt; "" when there is nothing to say."""
        return ""
