"""Topics: what a thousand people ask about is no campaign; what eighty accounts ask in ever new words is.

    python benchmarks/topics.py [--seeds 3] [--people 1000]

Twenty topics (`meaning_texts`), each asked about by a thousand people in 16 languages and their own
words, half of them for some days only; a crowd with lives of its own; and one campaign of 80 accounts
that elicits reasoning about sums, in English and German, worded afresh each time
(`meaning_texts/reworded.toml`). The log is judged with vectors and without. A wrong account is one of
an alert that the campaign does not own. Results are kept in results/topics.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from kept import keep, parsed  # noqa: E402
from meaning_run.texts import LANGUAGES, REWORDED, lines  # noqa: E402
from worlds.accounts import SDKS, Account, addresses, asked, human  # noqa: E402  # noqa: E402
from worlds.build import account_id  # noqa: E402
from worlds.clock import Calendar, person, sitting, thinned  # noqa: E402
from worlds.crowd import crowd  # noqa: E402
from worlds.salad import TONGUES, some_subject  # noqa: E402
from worlds.story import World  # noqa: E402
from worlds.trial import indexed  # noqa: E402
from worlds.voices import speaker  # noqa: E402

from campaigns.find import find_campaigns  # noqa: E402
from fingerprint.bulk import load_bulk_encoder  # noqa: E402
from indexes.embed import embed_prompts, worth_embedding  # noqa: E402
from indexes.snapshot import Snapshot  # noqa: E402
from indexes.workspace import Workspace  # noqa: E402

TOPICS, DAYS = 20, 30.0
CROWD_REQUESTS, CROWD_ACCOUNTS = 30_000, 5000
ACCOUNTS, EACH = 80, 15
SPOKEN = {"en": 8.0, REWORDED: 8.0} | {name: 1.0 for name in LANGUAGES if name != "en"}


def world(seed: int, people: int) -> World:
    """Return the log of a seed."""
    rng = Random(f"topics {seed}")
    made = World(f"topics {seed}", Calendar(1_767_225_600.0, DAYS), 0)
    for number in range(TOPICS):
        topic(rng, made, number, people)
    campaign(rng, made)
    crowd(rng, made, CROWD_REQUESTS, CROWD_ACCOUNTS)
    made.sent.sort(key=lambda sent: (sent.time, sent.account.name))
    return made


def topic(rng: Random, made: World, number: int, people: int) -> None:
    """Add people who ask about one topic, once or a few times in a sitting, beside whatever else they ask."""
    truth = made.tell("topic", people)
    wave = (0.0, DAYS) if number % 2 else made.window(rng)
    for each in range(people):
        account, moment = human(rng, f"{made.name} topic {number} {each}"), person(rng, made.calendar)
        name = rng.choices(list(SPOKEN), list(SPOKEN.values()))[0]
        for time in sitting(rng, moment(rng, *wave), 1 + int(rng.expovariate(0.9))):
            made.send(account, time, asked(question(rng, name, number)), truth)
        speaks = speaker(rng)
        for _ in range(int(rng.expovariate(0.5))):
            made.send(account, moment(rng, 0, DAYS), asked(speaks.ask(rng)), truth)


def question(rng: Random, name: str, number: int) -> str:
    """Return somebody's question about a topic, with circumstances of their own where words are at hand."""
    frames, subjects = lines(name)
    text = rng.choice(frames).replace("{}", subjects[number])
    tongue = name.split("-")[0]
    own = some_subject(rng, tongue).prose(rng, rng.randint(3, 14)) if tongue in TONGUES else ""
    return " ".join(rng.sample([text, own], 2)).strip()


def campaign(rng: Random, made: World) -> None:
    """Add the operator: round the clock, side by side, every request in new words."""
    truth = made.tell("campaign", ACCOUNTS)
    moment = thinned(made.calendar, lambda hour: 1.0)
    grammar = tomllib.loads((HERE / "meaning_texts" / "reworded.toml").read_text("utf-8"))
    for number in range(ACCOUNTS):
        account = Account(f"{made.name} campaign {number}", addresses(rng, 3), (rng.choice(SDKS[:6]),))
        for _ in range(EACH + rng.randint(-2, 2)):
            made.send(account, moment(rng, 8, 22), asked(reworded(rng, grammar)), truth)


def reworded(rng: Random, grammar: dict[str, Any]) -> str:
    """Return a request for reasoning about a sum, in words that hardly come again."""
    words = grammar[rng.choice(("en", "de"))]
    a, b, c = (rng.randint(12, 9999) for _ in range(3))
    what = rng.choice(
        (f"{a} × {b % 100} + {c}", f"({a} + {b}) : {c % 90 + 2}", f"{a}² - {b}", f"{a % 99}% of {c}")
    )
    return " ".join(rng.choice(words[part]) for part in rng.sample(sorted(words), len(words))).replace(
        "{}", what
    )


def judged(snapshot: Snapshot, made: World) -> dict[str, Any]:
    """Return what the alerts hold."""
    story = {account_id(sent.account.name): sent.truth for sent in made.sent}
    own = {account for account, truth in story.items() if truth.label == "campaign"}
    requests = sum(sent.truth.label == "campaign" for sent in made.sent)
    report, found, wrong, mine = find_campaigns(snapshot), set(), Counter[str](), 0
    for alert in report.alerts:
        found |= own & set(alert.accounts)
        wrong.update(story[account].story for account in set(alert.accounts) - own)
        mine += alert.request_count if len(own & set(alert.accounts)) > len(alert.accounts) / 2 else 0
    return {
        "alerts": len(report.alerts),
        "campaign_accounts": f"{len(found)} of {len(own)}",
        "campaign_requests": f"{mine} of {requests}",
        "topics_flagged": len({name for name in wrong if name.startswith("topic")}),
        "wrong_accounts": sum(wrong.values()),
        "best_without_alert": round(max((c.score for c in report.campaigns if not c.alert), default=0), 3),
    }


def trial(seed: int, people: int) -> dict[str, Any]:
    """Return one seed's log, judged without vectors and with them."""
    made = world(seed, people)
    size = {"requests": len(made.sent), "accounts": len({sent.account.name for sent in made.sent})}
    with indexed(made) as snapshot:
        without = judged(snapshot, made)
        embed_prompts(snapshot, worth_embedding(snapshot), load_bulk_encoder())
        with_vectors = judged(Snapshot(Workspace.open(snapshot.workspace.root)), made)
    return size | {"without_vectors": without, "with_vectors": with_vectors}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--people", type=int, default=1000)
    options = parsed(parser)
    for seed in range(1, options.seeds + 1):
        found = trial(seed, options.people)
        if options.keep:
            keep("topics", f"seed {seed}", found, "sentencepiece", "faiss-cpu")
        print(seed, json.dumps(found, indent=1), flush=True)


if __name__ == "__main__":
    main()
