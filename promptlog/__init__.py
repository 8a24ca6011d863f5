"""What a log says: LLM API log dumps in, batches of prompt records out.

    containers   bytes of a file → content     (plain, gzip, zstd, Parquet; by magic bytes)
    layout       content → chunks of entries   (lines, arrays, objects, CSV)
    formats      an entry → prompt records     (one file per log format)
    bodies       a request body → its prompt   (one file per API dialect)
    reader       paths → Arrow batches         (never stops at a bad line)

Everything a reader of logs needs is named here; the modules are the details.
"""

from promptlog.describe import FileDescription, describe
from promptlog.errors import LogError, PromptprintError
from promptlog.parsing import LogBatch
from promptlog.reader import read
from promptlog.reasons import Reason
from promptlog.record import SCHEMA, PromptRecord, SkippedLine
from promptlog.walk import walk

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
