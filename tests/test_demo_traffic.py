"""The demo's log is the same every time, holds what it says, and its honest prompts are not alike."""

import json
from collections import Counter, defaultdict
from itertools import pairwise
from random import Random

import pytest

from demo.clock import DAY, DAYS, START, Person, machine
from demo.grammar import Grammar, load, parse, tidy
from demo.problems import ANSWERS
from demo.speech import SUBJECTS, TONGUES
from demo.traffic import DemoLog, build

CAMPAIGNS = {
    "analyst persona": 200,
    "inline reasoning": 150,
    "rubric grading": 60,
    "reasoning reconstruction": 250,
    "task synthesis": 90,
}
HONEST_ACCOUNTS = {
    "homework": 40,
    "public recipe": 8,
    "gateway": 1,
    "app pantry": 90,
    "app parla": 130,
    "app desk": 70,
    "framework rag": 40,
    "framework rephrase": 40,
    "benchmark harness": 12,
    "organisation batch job": 5,
    "nightly CI": 4,
    "viral prompt 1": 34,
    "viral prompt 2": 48,
    "viral prompt 3": 60,
    "viral prompt 4": 75,
    "viral prompt 5": 90,
    "viral prompt 6": 41,
}


@pytest.fixture(scope="module")
def log() -> DemoLog:
    return build()


def account(request):
    return request["metadata"]["user_api_key_hash"]


def accounts_by(log, kind):
    found = defaultdict(set)
    for request in log.requests:
        found[kind(log.truth[request["id"]])].add(account(request))
    return found


def of(log, label):
    return [request for request in log.requests if log.truth[request["id"]].label == label]


def test_the_same_seed_gives_the_same_bytes(log):
    assert json.dumps(log.requests) == json.dumps(build().requests)
    assert log.truth == build().truth


def test_another_seed_gives_another_log(log):
    assert {request["id"] for request in build(8).requests}.isdisjoint(log.truth)


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_size(seed):
    log = build(seed)
    assert 13_000 <= len(log.requests) <= 17_000
    assert 2_500 <= len({account(request) for request in log.requests}) <= 2_900


def test_times_are_sorted_and_inside_the_log(log):
    times = [request["startTime"] for request in log.requests]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert START <= times[0] < times[-1] < START + DAYS * DAY


def test_no_moment_is_crowded(log):
    """Clamping times to the log's ends would pile them up there."""
    assert max(Counter(request["startTime"] for request in log.requests).values()) <= 3


def test_ids_are_unique_and_each_has_a_truth(log):
    assert len({request["id"] for request in log.requests}) == len(log.requests) == len(log.truth)


def test_messages_say_something_and_no_slot_is_left_open(log):
    for request in log.requests:
        assert request["messages"][-1]["role"] == "user"
        for message in request["messages"]:
            assert message["content"].strip()
            assert "{num" not in message["content"]
            assert " | " not in message["content"]


def test_campaigns_have_their_accounts_to_themselves(log):
    found = accounts_by(log, lambda truth: (truth.label == "campaign", truth.scenario))
    campaigns = {scenario: who for (planted, scenario), who in found.items() if planted}
    assert {scenario: len(who) for scenario, who in campaigns.items()} == CAMPAIGNS
    honest = set().union(*(who for (_, scenario), who in found.items() if scenario not in CAMPAIGNS))
    assert honest.isdisjoint(set().union(*campaigns.values()))
    assert accounts_by(log, lambda truth: truth.label)["cover"] <= campaigns["inline reasoning"]


def test_cover_is_three_tenths_of_the_inline_accounts_traffic(log):
    labels = Counter(truth.label for truth in log.truth.values() if truth.scenario == "inline reasoning")
    assert labels["cover"] / labels.total() == pytest.approx(0.3, abs=0.01)


def test_honest_scenarios_have_the_documented_accounts(log):
    found = accounts_by(log, lambda truth: truth.scenario)
    assert {scenario: len(found[scenario]) for scenario in HONEST_ACCOUNTS} == HONEST_ACCOUNTS
    assert 1_500 <= len(found["individuals"]) <= 1_548
    assert set(found) == {*CAMPAIGNS, *HONEST_ACCOUNTS, "individuals"}


def test_fixed_request_counts(log):
    requests = Counter(truth.scenario for truth in log.truth.values())
    assert requests["benchmark harness"] == 12 * 60
    assert requests["nightly CI"] == 4 * 5 * 21
    assert requests["organisation batch job"] == 400
    assert requests["gateway"] == 500
    assert requests["homework"] == 40


def test_a_campaign_sends_no_task_twice(log):
    texts = [request["messages"][-1]["content"] for request in of(log, "campaign")]
    assert len(set(texts)) == len(texts)


def test_the_second_pool_takes_over_when_the_first_stops(log):
    last, first = defaultdict(float), {}
    for request in of(log, "campaign"):
        if log.truth[request["id"]].scenario == "task synthesis":
            last[account(request)] = request["startTime"]
            first.setdefault(account(request), request["startTime"])
    ban = START + 10 * DAY
    banned = {who for who in last if first[who] < ban}
    assert len(banned) == 45
    assert all(last[who] < ban for who in banned)
    assert min(first[who] for who in first.keys() - banned) - ban < DAY


def test_ordinary_prompts_of_different_people_rarely_share_six_words(log):
    """Measured at seed 7: five accounts share 0.4 % of the six-word runs, 3 % of all occurrences."""
    owners, times = defaultdict(set), Counter()
    for request in of(log, "ordinary"):
        words = request["messages"][-1]["content"].lower().split()
        for start in range(len(words) - 5):
            run = tuple(words[start : start + 6])
            owners[run].add(account(request))
            times[run] += 1
    common = [run for run, who in owners.items() if len(who) >= 5]
    assert len(common) / len(owners) < 0.01
    assert sum(times[run] for run in common) / times.total() < 0.05
    assert max(len(who) for who in owners.values()) < 30


def test_people_sleep_and_machines_do_not():
    rng = Random(0)
    night = Counter(int((Person(0).moment(rng) - START) // 3600) % 24 < 6 for _ in range(2_000))
    assert night[True] / 2_000 < 0.06
    even = Counter(int((time - START) // 3600) % 24 < 6 for time in machine(rng, 2_000, 0, 20))
    assert even[True] / 2_000 == pytest.approx(0.25, abs=0.01)


def test_a_person_keeps_to_the_window():
    rng = Random(0)
    times = [Person(9).moment(rng, 3, 3.5) for _ in range(200)]
    assert all(START + 3 * DAY <= time <= START + 3.5 * DAY for time in times)


def test_a_slot_keeps_its_value_and_a_numbered_one_differs():
    grammar = Grammar(parse("comment\n== prompt\n{fruit} {fruit} {fruit:2}\n== fruit\nmango | pear"))
    for seed in range(20):
        first, again, other = grammar.draw(Random(seed)).split()
        assert first == again != other


def test_tidy_mends_articles_questions_and_capitals():
    assert tidy("could you bring a apple. a unit is one.") == "Could you bring an apple? A unit is one."


@pytest.mark.parametrize("name", [*SUBJECTS, *(f"tongues/{tongue}" for tongue in TONGUES)])
def test_every_slot_of_every_subject_has_a_rule(name):
    grammar, bound = load(name), {}
    for rule, templates in grammar.rules.items():
        for template in templates:
            assert grammar.fill(Random(0), template, bound), rule


def test_answers_are_right():
    assert ANSWERS["rate"](2, 3, 0) == 72
    assert ANSWERS["percent"](50, 2, 50) == 150
    assert ANSWERS["choose"](4, 0, 0) == 6
