"""Logs made to measure reading: LiteLLM payloads of ordinary size, and files made to exhaust a reader."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

LETTERS = "etaoinshrdlu"


def payloads(rows: int, seed: int = 1) -> Iterator[bytes]:
    """Yield LiteLLM payloads, one a line, of 1.3 kB on average."""
    random = Random(seed)
    words = ["".join(random.choices(LETTERS, k=random.randint(2, 9))) for _ in range(2000)]
    for number in range(rows):
        yield json.dumps(_payload(random, words, number)).encode() + b"\n"


def _payload(random: Random, words: list[str], number: int) -> dict[str, Any]:
    def text(count: int) -> str:
        return " ".join(random.choices(words, k=count))

    start = 1_776_816_003.12 + number
    return {
        "id": f"chatcmpl-{random.getrandbits(96):024x}",
        "trace_id": f"{random.getrandbits(64):016x}",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": round(random.random() / 100, 6),
        "startTime": start,
        "endTime": start + random.random(),
        "model": random.choice(["m-large", "m-small"]),
        "model_group": "m-large",
        "model_map_information": {"model_map_key": "m-large", "model_map_value": {"max_tokens": 4096}},
        "metadata": {
            "user_api_key_hash": f"{random.getrandbits(64):016x}",
            "user_api_key_user_id": f"u_{random.randrange(24_000)}",
            "user_api_key_team_id": f"team-{random.randrange(40)}",
            "user_api_key_org_id": None,
        },
        "end_user": "",
        "requester_ip_address": f"192.0.2.{random.randrange(250)}",
        "user_agent": "OpenAI/Python 1.99",
        "messages": [
            {"role": "system", "content": text(12)},
            {"role": "user", "content": text(random.randint(20, 90))},
        ],
        "response": {"choices": [{"message": {"role": "assistant", "content": text(14)}}]},
        "model_parameters": {"temperature": 0.7},
    }


def bombs() -> dict[str, bytes]:
    """Return the bombs of a reader of logs."""
    good = next(payloads(1))
    packer = zstandard.ZstdCompressor(level=19).compressobj()
    zeros = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    table = io.BytesIO()
    with pq.ParquetWriter(table, pa.schema({"prompt": pa.string()})) as writer:
        for _ in range(100):
            writer.write_table(pa.table({"prompt": pa.repeat("Solve", 10**6)}))
    keys = b",".join(b'"k%d":1' % number for number in range(10**6))
    marks = json.dumps(
        {"model": "m", "messages": [{"role": "user", "content": "a" + "\u0301" * 100_000}]},
        ensure_ascii=False,
    )
    return {
        "zstd of 256 MiB of zeros": zeros,
        "zstd in zstd": zstandard.compress(zstandard.compress(good)),
        "zip": b"PK\x03\x04" + bytes(100),
        "Parquet of 10^8 rows": table.getvalue(),
        "10^6 keys": good.replace(b'"end_user"', keys + b',"end_user"') + good,
        "nested 10^5 deep": b"[" * 10**5 + b"\n" + good,
        "64 MB of empty objects": b'{"a":[' + b"{}," * (21 << 20) + b"{}]}\n" + good,
        "a line of 1 GB": good + bytes(10**9) + b"\n" + good,
        "text made for regexes": good.replace(b"OpenAI", b"a" * 10**6 + b"!" * 10**6),
        "100,000 combining marks": marks.encode() + b"\n",
    }
