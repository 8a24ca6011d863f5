"""Mutated LiteLLM payloads: what is read of a block at once is what its lines give one by one.

    python benchmarks/mutated_payloads.py [--lines 1000000] [--seed 1]

Payloads are mutated as in `mutations.py`, most of them once. Prints how many lines were read at once, and
of those how many had been mutated; keeps it in results/mutations.json. Exits with 1 where the two differ.
"""

from __future__ import annotations

import argparse
import json
import sys
from random import Random

import msgspec
import numpy as np
from kept import keep, parsed
from mutations import MUTATIONS
from reading_made import payloads

from promptlog.formats.litellm import FORMAT
from promptlog.parsing import _bounds
from promptlog.reasons import Skip
from promptlog.record import PromptRecord, batch_of

PART = 10_000
TEXTS = (b"r\\u00e9\\ud83d\\ude00\\n", "é😀\u2028".encode(), b"litellm", b"user_0a_account__session_x", b"")


def mutated(random: Random, lines: list[bytes]) -> bytes:
    """Return a payload on one line, mutated once as a rule, with a text that means something to readers."""
    line = bytearray(random.choice(lines))
    at = random.randrange(len(line))
    if random.random() < 0.5:
        line[at:at] = random.choice(TEXTS)
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        random.choice(MUTATIONS)(random, line, lines)
    return bytes(line).replace(b"\n", b"")


def in_parts(line: bytes) -> bytes:
    """Return a payload whose contents are lists of one part."""
    payload = json.loads(line)
    for message in payload["messages"]:
        message["content"] = [{"type": "text", "text": message["content"]}]
    return json.dumps(payload).encode()


def different(lines: list[bytes]) -> tuple[int, list[bytes]]:
    """Return how many lines are read at once, and those that give other records one by one."""
    data = b"\n".join([*lines, b""])
    ordinary, columns = FORMAT.parse_block(data, *_bounds(data))
    rows = batch_of(columns, np.zeros(len(ordinary), np.int64), 0).select(PromptRecord._fields).to_pylist()
    wrong = []
    for number, row in zip(ordinary.tolist(), rows, strict=True):
        try:
            alike = FORMAT.parse_line(lines[number]) == [PromptRecord(**row)]
        except Skip:
            alike = False
        if not alike:
            wrong.append(lines[number])
    return len(ordinary), wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    random = Random(options.seed)
    whole = [line.rstrip(b"\n") for line in payloads(500)]
    whole += [msgspec.json.encode(json.loads(line)) for line in whole]  # without white space
    whole += map(in_parts, whole[:500])
    at_once, wrong = 0, []
    for _ in range(0, options.lines, PART):
        count, others = different([mutated(random, whole) for _ in range(PART)])
        at_once, wrong = at_once + count, wrong + others
    figures = {"seed": options.seed, "lines": options.lines, "at_once": at_once, "different": len(wrong)}
    print(json.dumps(figures, indent=1))
    for line in wrong[:5]:
        print(line)
    if options.keep:
        keep("mutations", f"{options.lines:,} LiteLLM payloads at once and one by one", figures)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
