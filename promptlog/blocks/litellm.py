"""LiteLLM payloads, a block of lines at a time: what most of a log of millions is."""

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from promptlog.blocks.payloads import FIELDS, walk
from promptlog.blocks.texts import column
from promptlog.bodies.prompt import canonical
from promptlog.record import Column

_USER_FIELD = "metadata.user_api_key_user_id"


def parse_block(
    data: bytes, first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], tuple[Column, ...]]:
    """Return the ordinary lines and their columns, as `LogFormat.parse_block` does."""
    text = np.frombuffer(data + bytes(8), np.uint8)
    lines, where, turns = walk(text, first, last)
    at = {name: column(text, *where[:, field]) for field, name in enumerate(FIELDS)}
    seconds = at["time"].cast(pa.float64()).to_numpy()
    return lines, (
        at["id"],
        at["account"],
        _USER_FIELD,
        np.rint(seconds * 1_000_000).astype(np.int64),
        at["model"],
        at["ip"],
        at["agent"],
        at["organisation"],
        at["session"],
        at["system"],
        _canonical(at["tools"]),
        at["first"],
        at["last"],
        turns,
        np.zeros(len(lines), np.bool_),
    )


def _canonical(tools: pa.StringArray) -> pa.StringArray:
    """Return tool definitions as `canonical` does; programs send the same ones again and again."""
    different = tools.dictionary_encode()
    defined = [raw and msgspec.json.decode(raw) for raw in different.dictionary.to_pylist()]
    texts = pa.array([canonical(each) if each else "" for each in defined], pa.string())
    return texts.take(different.indices)
