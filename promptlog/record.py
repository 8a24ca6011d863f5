"""The prompt record: what every log format is reduced to, and its Arrow schema.

A request has segments: system prompt, tools, first and last user turn. The turns in
between are history, which chats re-send with every request; were they part of the
prompt, every session would match itself.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from promptlog.reasons import Reason

UNNAMED = "line-"
"""What the request ids begin with that are made of a line's hash, as the log names none."""


class PromptRecord(NamedTuple):
    """One logged request. A NamedTuple is the cheapest to make, and millions are made."""

    request_id: str
    account: str = ""
    """Who asked, as the log has it; "" when the log does not say."""
    account_field: str = ""
    """Which field `account` came from, e.g. "metadata.user_api_key_user_id"."""
    time_us: int | None = None
    """Microseconds since 1970, UTC."""
    model: str = ""
    ip: str = ""
    user_agent: str = ""
    organisation: str = ""
    session: str = ""
    system: str = ""
    tools: str = ""
    """Tool definitions as canonical JSON text; "" when there are none."""
    first_user: str = ""
    last_user: str = ""
    """"" when there is only one user turn, as then the first is also the last."""
    user_turns: int = 0
    truncated: bool = False
    """True when the logger cut the prompt."""


class SkippedLine(NamedTuple):
    """A line that was not read, where it is, and a hash by which to recognise it."""

    path: str
    offset: int
    reason: Reason
    sha256: str


_NUMBERS = {"time_us": pa.int64(), "user_turns": pa.int32(), "truncated": pa.bool_()}

SCHEMA = pa.schema(
    [
        pa.field(name, _NUMBERS.get(name, pa.string()), nullable=name == "time_us")
        for name in PromptRecord._fields
    ]
    + [pa.field("source", pa.int32(), nullable=False), pa.field("offset", pa.int64(), nullable=False)]
)
"""PromptRecord's fields, then `source` (number of the file) and `offset` (of the line's first
byte in the decompressed stream): the way back to the request."""


_ROW = pa.struct(list(SCHEMA))

Column: TypeAlias = "Sequence[object] | NDArray[np.generic] | pa.Array | str"
"""One field of several records; a text alone is that of all of them."""


def to_batch(records: list[PromptRecord], offsets: Sequence[int], source: int) -> pa.RecordBatch:
    """Return records as one Arrow batch; `offsets` has one entry for each record.

    In one conversion: a log may be a file for each request, and one for each column costs more.
    """
    rows = [
        {**record._asdict(), "source": source, "offset": offset}
        for record, offset in zip(records, offsets, strict=True)
    ]
    return pa.RecordBatch.from_struct_array(pa.array(rows, _ROW))


def batch_of(columns: Sequence[Column], offsets: NDArray[np.int64], source: int) -> pa.RecordBatch:
    """Return the columns of records, in the order of PromptRecord's fields, as one Arrow batch."""
    count = len(offsets)
    arrays = [
        pa.repeat(column, count) if isinstance(column, str) else pa.array(column, field.type)
        for column, field in zip((*columns, np.full(count, source), offsets), SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
