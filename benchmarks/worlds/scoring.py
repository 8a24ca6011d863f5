"""What a report is worth, by the definitions of the project's reserved benchmark.

A campaign is found if pure alerts (at least 80 % of their accounts belong to planted campaigns)
hold at least half of its accounts. An innocent is an account without a campaign request;
flagged is who is in any alert.
"""

from collections import Counter, defaultdict
from typing import Any

from campaigns.report import Campaign, CampaignReport
from worlds.build import account_id
from worlds.story import World

PURE, HELD = 0.8, 0.5


class Answers:
    """Who is who in a world."""

    def __init__(self, world: World) -> None:
        self.owner: dict[str, str] = {}
        told: dict[str, Counter[str]] = defaultdict(Counter)
        for sent in world.sent:
            account = account_id(sent.account.name)
            told[account][sent.truth.story] += 1
            if sent.truth.label == "campaign":
                self.owner.setdefault(account, sent.truth.story)
        self.stories = told
        self.innocents = told.keys() - self.owner.keys()
        self.sizes = Counter(self.owner.values())

    def story(self, account: str) -> str:
        """Return the story an account belongs to: a shared one before a private life."""
        told = [s for s in self.stories[account] if s.split(" ")[0] not in ("person", "cover")]
        return max(told, key=self.stories[account].__getitem__) if told else "person 1"

    def purity(self, accounts: tuple[str, ...]) -> float:
        """Return the share of accounts that belong to planted campaigns."""
        return sum(a in self.owner for a in accounts) / max(1, len(accounts))


def score(world: World, report: CampaignReport) -> dict[str, Any]:
    """Return how each planted campaign fared, who was wrongly flagged, and every candidate's score."""
    answers, flagged = Answers(world), set[str]()
    held: dict[str, set[str]] = defaultdict(set)
    merged = 0
    for alert in report.alerts:
        flagged |= set(alert.accounts)
        if answers.purity(alert.accounts) >= PURE:
            own = Counter(answers.owner[a] for a in alert.accounts if a in answers.owner)
            merged += sum(n >= 0.1 * len(alert.accounts) for n in own.values()) > 1
            for account in alert.accounts:
                if account in answers.owner:
                    held[answers.owner[account]].add(account)
    wrong = flagged & answers.innocents
    return {
        "world": world.name,
        "days": world.calendar.days,
        "blank": world.blank,
        "requests": len(world.sent),
        "innocents": len(answers.innocents),
        "innocents_flagged": len(wrong),
        "innocents_by_story": dict(Counter(answers.story(a) for a in wrong).most_common()),
        "alerts": len(report.alerts),
        "merged": merged,
        "false_campaigns": [
            explain(answers, world, c) for c in report.alerts if answers.purity(c.accounts) < 0.5
        ],
        "impure_alerts": [
            explain(answers, world, c) for c in report.alerts if 0.5 <= answers.purity(c.accounts) < PURE
        ],
        "campaigns": [
            planted(answers, world, report, story, held[story["story"]])
            for story in world.stories
            if story["label"] == "campaign"
        ],
        "candidates": [
            (round(c.score, 4), c.account_count, round(answers.purity(c.accounts), 3))
            for c in report.campaigns
        ],
    }


def planted(
    answers: Answers, world: World, report: CampaignReport, story: dict[str, Any], held: set[str]
) -> dict[str, Any]:
    """Return a planted campaign with its parameters and what became of it."""
    name = story["story"]
    own = {a for a, owner in answers.owner.items() if owner == name}
    best = max(
        report.campaigns,
        key=lambda c: len(own.intersection(c.accounts)) / len(own) + (0.5 if c.alert else 0) + 0.1 * c.score,
        default=None,
    )
    requests = sum(sent.truth.story == name for sent in world.sent if sent.truth.label == "campaign")
    found = len(held) >= HELD * len(own)
    result = {
        "found": found,
        "recall": round(len(held) / len(own), 3),
        "share": round(requests / len(world.sent), 5),
        "requests": requests,
        **story,
    }
    if best is not None and own.intersection(best.accounts):
        result["best"] = explain(answers, world, best) | {
            "held": round(len(own.intersection(best.accounts)) / len(own), 3)
        }
        result["score"] = round(best.score, 4)
    else:
        result |= {"best": None, "score": 0.0}
    return result


def explain(answers: Answers, world: World, found: Campaign) -> dict[str, Any]:
    """Return a candidate with its reasons, and the stories of its accounts."""
    stories = Counter(answers.story(a) for a in found.accounts).most_common(4)
    parameters = {s["story"]: s for s in world.stories}
    return {
        "score": round(found.score, 4),
        "accounts": found.account_count,
        "requests": found.request_count,
        "purity": round(answers.purity(found.accounts), 3),
        "stories": dict(stories),
        "story": parameters.get(stories[0][0], {}) if stories else {},
        "weights": {r.signal: round(r.weight, 2) for r in found.reasons},
        "reasons": [f"{r.signal} {r.weight:+.2f}: {r.text}" for r in found.reasons],
        "template": found.template[:160],
    }
