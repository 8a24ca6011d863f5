"""What LiteLLM writes where it redacts or cuts a text.

Both kinds of mark are taken out: they are the same in all customers' prompts, and would
look like a template that they share. Anyone can also write a mark into a prompt, so a
redacted segment is one that is nothing else.
"""

import re

from promptlog.bodies.prompt import Prompt

REDACTED = "redacted-by-litellm"
REMARK = "messages are redacted by LiteLLM (turn_off_message_logging)"

_CUT = re.compile(
    r"(?:\.\.\. ?)?\(litellm_truncated skipped [^()]{0,400}\)(?: ?\.\.\.)?"
    r"|(?:\.\.\.)?truncated by litellm, this logger does not support large content"
)


def without_marks(prompt: Prompt) -> tuple[Prompt, bool]:
    """Return a prompt without the marks, and whether one of them said that it was cut."""
    system, tools, first, last, turns = prompt
    # Nearly every prompt ends here.
    if "litellm" not in first and "litellm" not in last and "litellm" not in system:
        return prompt, False
    segments = ["" if segment == REDACTED else segment for segment in (system, first, last)]
    whole = [_CUT.sub(" … ", segment) for segment in segments]
    return Prompt(whole[0], tools, whole[1], whole[2], turns), whole != segments
