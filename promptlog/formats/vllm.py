"""vLLM's server log, which is text: `INFO 05-12 10:00:00 [logger.py:39] Received request …`.

Prompts stand in the lines of requests, as Python writes strings; newer versions write them
in DEBUG lines of their own (`Request … details: prompt: …`). The prefix has no year, so
there is no time; a log shipper's envelope may have one. `--max-log-len` cuts without a
mark. Other lines of the server give no records.
"""

import ast
import re

from promptlog.bodies import templated
from promptlog.formats.base import LogFormat
from promptlog.reasons import Reason, Skip
from promptlog.record import PromptRecord

# "(APIServer pid=1) INFO 05-12 10:00:00 [logger.py:39] ", in colours or not; older: "logger.py:39] ".
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PREFIX = re.compile(
    r"(?:\([^()]{1,80}\) ?)?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? "
    r"\[?[\w./-]{1,80}:\d+\] "
)
_REQUEST = re.compile(r"(?:Received request|Request) (\S{1,200}?)(?: details)?: ")
_PROMPT = re.compile(r"prompt: ('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")", re.DOTALL)

_NO_PROMPT = ("params: ", "prompt: None")


class VLLM(LogFormat):
    """`INFO 05-12 10:00:00 [logger.py:39] Received request cmpl-1: prompt: 'Solve', params: …`."""

    name = "vllm"
    reads_text = True

    def recognises(self, entry: object) -> float:
        return 1.0 if isinstance(entry, str) and _PREFIX.match(_COLOUR.sub("", entry)) else 0.0

    def parse_line(self, line: bytes) -> list[PromptRecord]:
        try:
            return self.parse(line.decode())
        except UnicodeDecodeError:
            raise Skip(Reason.NOT_UTF8) from None

    def parse(self, entry: object) -> list[PromptRecord]:
        said = _said(entry)
        request = _REQUEST.match(said)
        prompt = _PROMPT.match(said, request.end()) if request else None
        if request is None or said.startswith(_NO_PROMPT, request.end()):
            return []
        if prompt is None:
            raise Skip(Reason.BAD_FIELD)
        try:
            given = ast.literal_eval(prompt[1])
            given.encode()
        except UnicodeEncodeError:
            raise Skip(Reason.LONE_SURROGATE) from None
        except (SyntaxError, ValueError, MemoryError):
            raise Skip(Reason.BAD_FIELD) from None
        segments = templated.prompt(given)._asdict()
        return [PromptRecord(request_id=request[1], **segments)]

    def remark(self, entry: object) -> str:
        said = _said(entry)
        request = _REQUEST.match(said)
        if request and said.startswith(_NO_PROMPT, request.end()):
            return "prompts are not logged (newer versions write them at level DEBUG)"
        return "" if request else "a line of the server that is no request"


def _said(entry: object) -> str:
    """Return what a line says behind its prefix. Raises Skip for a line without one."""
    line = _COLOUR.sub("", entry) if isinstance(entry, str) else ""
    prefix = _PREFIX.match(line)
    if prefix is None:
        raise Skip(Reason.UNKNOWN_SHAPE)
    return line[prefix.end() :]


FORMAT = VLLM()
