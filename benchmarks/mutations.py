"""Mutated log lines: every one accepted or quarantined, none a crash, none slow, memory flat.

Lines of every format's samples are mutated (bits flipped, bytes cut out, spliced with another line,
keys doubled, values nested deep, huge numbers, broken UTF-8, lone surrogates, line ends within) and
read as logs, a part at a time, by the reader that `promptprint index` uses.

    python benchmarks/mutations.py [--lines 1000000] [--seed 1]

Prints how many lines were read, accepted, and quarantined by reason, the slowest batch of lines and
the growth of memory. Exits with 1 when a line is lost, a reader fails, a batch takes a second, or memory
grows.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import promptlog

SAMPLES = Path(__file__).parents[1] / "tests" / "reading" / "samples"
PART = 20_000
SLOW_SECONDS = 1.0
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
    keys = [at for at in range(len(line) - 1) if line[at : at + 2] == b'":']
    if keys:
        end = random.choice(keys) + 2
        begin = line.rfind(b'"', 0, end - 2)
        line[begin:begin] = line[begin:end] + b"1,"


def put(*values: bytes) -> Callable[[Random, bytearray, list[bytes]], None]:
    """Return a mutation that puts one of the values in place of one in the line, or anywhere."""

    def mutate(random: Random, line: bytearray, lines: list[bytes]) -> None:
        places = [at + 1 for at in range(len(line)) if line[at] in b":,["]
        begin = random.choice(places or [0])
        end = begin if random.random() < 0.5 else max(begin, line.find(b",", begin))
        line[begin:end] = random.choice(values)

    return mutate


MUTATIONS = (
    flip,
    cut,
    splice,
    double_key,
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


def peak_mb() -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) >> 10


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random, lines = Random(options.seed), samples()
    left, read, written, accepted, slowest = options.lines, 0, 0, 0, 0.0
    reasons: Counter[str] = Counter()
    memory: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        while left > 0:
            part = [mutated(random, lines) for _ in range(min(PART, left))]
            left -= len(part)
            data = b"\n".join([*lines, *part, lines[0], b""])
            path.write_bytes(data)
            written += sum(bool(line.strip(b" \t\r\v\f")) for line in data.split(b"\n"))
            started = time.perf_counter()
            for batch in promptlog.read(path):
                now = time.perf_counter()
                slowest, started = max(slowest, now - started), now
                read += batch.lines
                accepted += batch.lines - len(batch.skipped)
                reasons.update(bad.reason.value for bad in batch.skipped)
            memory.append(peak_mb())
    print(f"seed {options.seed}: {written:,} lines written, {read:,} read")
    print(f"{accepted:,} accepted, {sum(reasons.values()):,} quarantined")
    for reason, count in reasons.most_common():
        print(f"    {count:9,} {reason}")
    settled = memory[min(4, len(memory) - 1)]
    print(f"slowest batch {slowest:.2f} s; memory {settled} MB after five parts, {memory[-1]} MB at the end")
    failed = written != read or promptlog.Reason.READER_FAILED in reasons
    sys.exit(failed or slowest > SLOW_SECONDS or memory[-1] > settled + GROWTH_MB)


if __name__ == "__main__":
    main()
