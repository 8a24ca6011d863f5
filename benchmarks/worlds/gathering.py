"""What the signals find in every candidate of a world, and what the candidate really is."""

from collections import Counter
from typing import Any

from campaigns.gather import gather
from campaigns.judge import findings as signals
from campaigns.judge import read
from campaigns.report import MIN_ALERT_ACCOUNTS
from campaigns.write import Writer
from worlds.build import build
from worlds.scoring import Answers
from worlds.trial import indexed

ONE_PARTY = ("batch job", "gateway", "nightly CI", "semi-shared program", "prompt optimiser")
"""Stories of one organisation with several keys."""


def findings(name: str) -> list[dict[str, Any]]:
    """Return the candidates of the world `name` that could alert, as plain rows.

    x: strength by signal. metadata: which of them rest on network and client fields. purity: share of the
    accounts that are a campaign's; held: share of the campaign's accounts that are here.
    """
    world = build(name)
    answers = Answers(world)
    with indexed(world) as snapshot:
        gathered = gather(snapshot)
        writer = Writer(snapshot, gathered.families, gathered.members, 0.5)
        rows = []
        for candidate in gathered.candidates:
            if len(candidate.accounts) < MIN_ALERT_ACCOUNTS:
                continue
            reading = writer.read(candidate)
            found = [*signals(candidate), *read(reading.text, reading.prompts, by_meaning=False)]
            accounts = tuple(snapshot.requests.account.values.take(candidate.accounts).to_pylist())
            stories = Counter(answers.story(account) for account in accounts)
            own = Counter(answers.owner[account] for account in accounts if account in answers.owner)
            campaign, held = own.most_common(1)[0] if own else ("", 0)
            rows.append(
                {
                    "world": name,
                    "innocents": len(answers.innocents),
                    "accounts": len(accounts),
                    "purity": answers.purity(accounts),
                    "campaign": campaign,
                    "held": held / answers.sizes[campaign] if campaign else 0.0,
                    "one_party": stories.most_common(1)[0][0].rsplit(" ", 1)[0] in ONE_PARTY,
                    "x": {e.signal: round(e.strength, 4) for e in found},
                    "metadata": [e.signal for e in found if e.metadata],
                }
            )
        return rows
