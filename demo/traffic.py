"""The demo's log: what one provider received in three weeks, as LiteLLM standard logging payloads."""

from random import Random
from typing import NamedTuple

from demo.accounts import Sent, Truth, digest
from demo.campaigns import campaigns
from demo.clock import DAY, START
from demo.honest import gateway, homework, individuals, recipe, viral
from demo.products import apps, batch, frameworks, harness, nightly

Request = dict[str, object]

OLD_MODEL, NEW_MODEL, RELEASE = "halcyon-2-large", "halcyon-3-large", START + 8 * DAY


class DemoLog(NamedTuple):
    """The requests, sorted by time, and what each one is, by its id."""

    requests: list[Request]
    truth: dict[str, Truth]


def build(seed: int = 7) -> DemoLog:
    """Return the log and its truth; the same seed gives the same bytes."""
    rng = Random(seed)
    accounts, sent = individuals(rng)
    sent += viral(rng, accounts)
    for story in (homework, recipe, gateway, apps, frameworks, harness, batch, nightly, campaigns):
        sent += story(rng)
    sent.sort(key=lambda request: (request.time, request.account.name))
    rows = [payload(rng, seed, number, request) for number, request in enumerate(sent)]
    return DemoLog(rows, {str(row["id"]): request.truth for row, request in zip(rows, sent, strict=True)})


def requests(seed: int = 7) -> list[Request]:
    """Return the log alone."""
    return build(seed).requests


def truth(seed: int = 7) -> dict[str, Truth]:
    """Return what each request of the log is, by its id."""
    return build(seed).truth


def payload(rng: Random, seed: int, number: int, sent: Sent) -> Request:
    """Return one request as LiteLLM would log it."""
    key, model = digest("key", sent.account.name), model_of(rng, sent)
    return {
        "id": f"chatcmpl-{digest('request', seed, number)[:29]}",
        "trace_id": digest("trace", seed, number)[:32],
        "call_type": "acompletion",
        "startTime": round(sent.time, 3),
        "model": model,
        "model_group": model,
        "model_map_information": {},
        "metadata": {
            "user_api_key_hash": key,
            "user_api_key_user_id": f"user-{digest('user', sent.account.name)[:12]}",
            "user_api_key_team_id": sent.account.team or None,
        },
        "end_user": sent.end_user,
        "requester_ip_address": rng.choice(sent.account.addresses),
        "user_agent": sent.account.agent,
        "messages": sent.messages,
        "model_parameters": {},
    }


def model_of(rng: Random, sent: Sent) -> str:
    """Return the model asked for: people try a new release bit by bit, one operator switches at once."""
    age = (sent.time - RELEASE) / DAY
    if sent.truth.scenario == "analyst persona":
        share = min(1.0, age)
    else:
        share = 0.05 + 0.03 * age if age > 0 else 0.0
    return NEW_MODEL if rng.random() < share else OLD_MODEL
