"""Entries as the loggers write them, with the fields that a test wants to vary."""

import json
from pathlib import Path
from typing import Any

import promptlog

START = 1_776_816_003.12


def litellm(**changes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": "chatcmpl-1",
        "trace_id": "trace-1",
        "call_type": "acompletion",
        "stream": False,
        "response_cost": 0.0001,
        "startTime": START,
        "endTime": START + 1.5,
        "model": "m-large",
        "model_group": "m-large",
        "model_map_information": {"model_map_key": "m-large", "model_map_value": {"max_tokens": 4096}},
        "metadata": {
            "user_api_key_hash": "ab12",
            "user_api_key_user_id": "u_17",
            "user_api_key_team_id": "team-9",
            "user_api_key_org_id": None,
        },
        "end_user": "customer-5",
        "requester_ip_address": "192.0.2.7",
        "user_agent": "OpenAI/Python 1.99",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Solve: 2+2"}],
        "response": {"choices": [{"message": {"role": "assistant", "content": "4"}}]},
        "model_parameters": {},
    }
    return entry | changes


def metadata(**changes: Any) -> dict[str, Any]:
    return litellm()["metadata"] | changes


def line(entry: object) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


def log(folder: Path, *lines: bytes, name: str = "log.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"".join(lines))
    return path


def records(path: Path, **options: Any) -> list[dict[str, Any]]:
    return [row for batch in promptlog.read(path, **options) for row in batch.records.to_pylist()]


def skipped(path: Path, **options: Any) -> list[promptlog.SkippedLine]:
    return [each for batch in promptlog.read(path, **options) for each in batch.skipped]
