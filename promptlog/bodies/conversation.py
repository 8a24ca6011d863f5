"""Bare conversations, without the body around them: lists of turns in many spellings.

Loggers, tracers and data sets keep `{role, content}`, `{role, parts}` (OpenTelemetry),
`{from, value}` (ShareGPT) or `{type, content}` (LangChain), and call the user human.
"""

from promptlog.bodies.prompt import Prompt, of_messages
from promptlog.fields import member
from promptlog.reasons import Reason, Skip

_ROLES = {"human": "user", "HumanMessage": "user", "SystemMessage": "system"}
_ROLE = ("role", "from", "type")
_CONTENT = ("content", "parts", "value", "text")


def recognises(turns: object) -> bool:
    """Say whether a value is a list of turns."""
    return (
        isinstance(turns, list)
        and all(isinstance(_role(turn), str) for turn in turns)
        and any(name in turn for turn in turns for name in _CONTENT)
    )


def prompt(turns: object, *, system: str = "", tools: object = None) -> Prompt:
    """Return the prompt of a list of turns. Raises Skip when it is none."""
    if not isinstance(turns, list):
        raise Skip(Reason.BAD_FIELD)
    return of_messages([_message(turn) for turn in turns], system=system, tools=tools)


def _message(turn: object) -> object:
    if not isinstance(turn, dict):
        raise Skip(Reason.BAD_FIELD)
    role = _role(turn)
    content = next((turn[name] for name in _CONTENT if turn.get(name) is not None), None)
    return {"role": _ROLES.get(role, role) if isinstance(role, str) else None, "content": content}


def _role(turn: object) -> object:
    return next((role for name in _ROLE if (role := member(turn, name)) is not None), None)
