"""What a log says: LLM API log dumps in, batches of prompt records out.

    containers   bytes of a file → content     (plain, gzip, zstd, Parquet; by magic bytes)
    layout       content → chunks of entries   (lines, arrays, objects, CSV)
    formats      an entry → prompt records     (one file per log format)
    bodies       a request body → its prompt   (one file per API dialect)
    reader       paths → Arrow batches         (never stops at a bad line)

Everything a reader of logs needs is named here; the modules are the details. What reads
logs is imported when it is first asked for: who searches an index waits for none of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from promptlog.errors import LogError, PromptprintError
from promptlog.reasons import Reason
from promptlog.record import SCHEMA, PromptRecord, SkippedLine
from promptlog.walk import walk

if TYPE_CHECKING:
    from promptlog.describe import FileDescription, describe
    from promptlog.parsing import LogBatch
    from promptlog.reader import read

__all__ = [
    "SCHEMA",
    "FileDescription",
    "LogBatch",
    "LogError",
    "PromptRecord",
    "PromptprintError",
    "Reason",
    "SkippedLine",
    "describe",
    "read",
    "walk",
]

_LATER = {"FileDescription": "describe", "LogBatch": "parsing", "describe": "describe", "read": "reader"}


def __getattr__(name: str) -> Any:
    """Import what is asked for. (PEP 562; `describe` is set anew, as its module has its name.)"""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = found
    return found
