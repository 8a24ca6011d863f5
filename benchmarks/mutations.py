"""Mutated log lines: every one accepted or quarantined, none a crash, none slow, memory flat.

Lines of every format's samples are mutated (bits flipped, bytes cut out, spliced with another line,
keys doubled, values nested deep, huge numbers, broken UTF-8, lone surrogates, line ends within) and
read as logs, a part at a time, by the reader that `promptprint index` uses.

    python benchmarks/mutations.py [--lines 1000000] [--seed 1]

Prints how many lines were read, accepted, and quarantined by reason, the slowest batch of lines and
the growth of memory, and keeps it in results/mutations.json. Exits with 1 when a line is lost, a reader
fails, a batch takes a second of processor time, or memory grows.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from kept import keep, parsed

import promptlog

SAMPLES = Path(__file__).parents[1] / "tests" / "reading" / "samples"
PART = 20_000
SLOW_SECONDS = 1.0
PLACE = re.compile(rb"[:,[]")
GROWTH_MB = 100


def samples() -> list[bytes]:
    """Return one line for each sample of the readers' tests, without its end."""
    cases = [case for file in sorted(SAMPLES.glob("*.json")) for case in json.loads(file.read_bytes())]
    return [(case["line"] if "line" in case else json.dumps(case["entry"])).encode() for case in cases]


def flip(random: Random, line: bytearray, lines: list[bytes]) -> None:
    for _ in range(random.randint(1, 4)):
        line[random.randrange(len(line))] ^= 1 << random.randrange(8)


def cut(random: Random, line: bytearray, lines: list[bytes]) -> None:
    begin = random.randrange(len(line))
    del line[begin : begin + random.randint(1, len(line))]


def splice(random: Random, line: bytearray, lines: list[bytes]) -> None:
    other = random.choice(lines)
    line[random.randrange(len(line)) :] = other[random.randrange(len(other)) :]


def double_key(random: Random, line: bytearray, lines: list[bytes]) -> None:
    end = line.find(b'":', random.randrange(len(line))) + 2
    if end > 1:
        begin = line.rfind(b'"', 0, end - 2)
        line[begin:begin] = line[begin:end] + b"1,"


def put(*values: bytes) -> Callable[[Random, bytearray, list[bytes]], None]:
    """Return a mutation that puts one of the values in place of one in the line, or anywhere."""

    def mutate(random: Random, line: bytearray, lines: list[bytes]) -> None:
        place = PLACE.search(line, random.randrange(len(line)))
        begin = place.end() if place else 0
        end = begin if random.random() < 0.5 else max(begin, line.find(b",", begin))
        line[begin:end] = random.choice(values)

    return mutate


def insert(random: Random, line: bytearray, lines: list[bytes]) -> None:
    at = random.randrange(len(line))
    line[at:at] = random.choice((b"\\ud800", b"\\u0000", b"\\", b"\xcc\x81" * 50, b"9" * 400))


MUTATIONS = (
    flip,
    cut,
    splice,
    double_key,
    insert,
    put(b"[" * 2000 + b"]" * 2000, b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * 99_999),
    put(b"9" * 5000, b"1e999", b"-1", b"NaN", b"1e18", b"180591620717411303424", b"0.0", b"-0"),
    put(b"\xff", b'"\xc3("', b'"\xed\xa0\x80"', b'"\\ud800"', b'"\\udc00\\ud800"', b"\0", b'"\\u0000"'),
    put(
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'""',
        b'[""]',
        b'{"":{}}',
        b'"[{"',
        b'"{\\"a\\":1}"',
        b"\r",
        b"\xe2\x80\xa8",
    ),
)


def mutated(random: Random, lines: list[bytes]) -> bytes:
    """Return a line that was mutated up to three times; it may have become several."""
    line = bytearray(random.choice(lines))
    for _ in range(random.randint(1, 3)):
        if line:
            random.choice(MUTATIONS)(random, line, lines)
    return bytes(line)


def memory_mb() -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) >> 10


@dataclass
class Tally:
    """What became of the lines."""

    written: int = 0
    read: int = 0
    accepted: int = 0
    slowest_wall: float = 0.0
    slowest_processor: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)

    def read_log(self, path: Path) -> None:
        """Read a log as `promptprint index` does."""
        wall, processor = time.perf_counter(), time.process_time()
        for batch in promptlog.read(path):
            self.slowest_wall = max(self.slowest_wall, time.perf_counter() - wall)
            self.slowest_processor = max(self.slowest_processor, time.process_time() - processor)
            wall, processor = time.perf_counter(), time.process_time()
            self.read += batch.lines
            self.accepted += batch.lines - len(batch.skipped)
            self.reasons.update(bad.reason.value for bad in batch.skipped)
        self.memory.append(memory_mb())

    def figures(self) -> dict[str, Any]:
        """Return what is kept."""
        settled = self.memory[min(4, len(self.memory) - 1)]
        return {
            "lines_written": self.written,
            "lines_read": self.read,
            "accepted": self.accepted,
            "quarantined": sum(self.reasons.values()),
            "reasons": dict(self.reasons.most_common()),
            "slowest_batch_seconds": round(self.slowest_wall, 3),
            "slowest_batch_processor_seconds": round(self.slowest_processor, 3),
            "memory_mb_after_five_parts": settled,
            "memory_mb_at_the_end": self.memory[-1],
            "passed": self.written == self.read
            and promptlog.Reason.READER_FAILED not in self.reasons
            and self.slowest_processor < SLOW_SECONDS
            and self.memory[-1] <= settled + GROWTH_MB,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    random, lines = Random(options.seed), samples()
    left, tally = options.lines, Tally()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        while left > 0:
            part = [mutated(random, lines) for _ in range(min(PART, left))]
            left -= len(part)
            data = b"\n".join([*lines, *part, lines[0], b""])
            path.write_bytes(data)
            tally.written += sum(bool(line.strip(b" \t\r\v\f")) for line in data.split(b"\n"))
            tally.read_log(path)
            print(f"{options.lines - left:,} lines", file=sys.stderr)
    figures = {"seed": options.seed, **tally.figures()}
    print(json.dumps(figures, indent=1))
    if options.keep:
        keep("mutations", f"{options.lines:,} lines", figures)
    sys.exit(not figures["passed"])


if __name__ == "__main__":
    main()
