"""Text that a server made of a conversation with a chat template → its prompt.

Inference servers log what the model reads: one text with the turns between marks. Left
whole, the history would make every session match itself. Four marks cover most open
models: ChatML (Qwen, Yi), Llama 3, Gemma, Mistral. Other text is one user turn.
"""

import re

from promptlog.bodies.prompt import Prompt, of_messages

# Each finds one turn's role and text. They scan forward once: a turn ends at its end mark, or
# with the text where a logger cut it.
_TURNS = (
    re.compile(r"<\|im_start\|>(\w+)\n(.*?)(?:<\|im_end\|>|\Z)", re.DOTALL),
    re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\s*(.*?)(?:<\|eot_id\|>|\Z)", re.DOTALL),
    re.compile(r"<start_of_turn>(\w+)\n(.*?)(?:<end_of_turn>|\Z)", re.DOTALL),
)
_MISTRAL = re.compile(r"\[INST\](.*?)(?:\[/INST\]|\Z)", re.DOTALL)


def prompt(text: str) -> Prompt:
    """Return the prompt in a templated text, or the text as the one user turn.

    >>> prompt("<|im_start|>user\\nSolve<|im_end|>\\n<|im_start|>assistant\\n").first_user
    'Solve'
    """
    return of_messages(_messages(text)) if text else Prompt()


def _messages(text: str) -> list[object]:
    for turn in _TURNS:
        if found := turn.findall(text):
            return [{"role": role, "content": said.strip()} for role, said in found]
    said = [each.strip() for each in _MISTRAL.findall(text)] or [text]
    return [{"role": "user", "content": each} for each in said]
