"""Each signal on the traffic it is about: its sign, its silence, and its words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from madelog import Row, candidate_of, people, pool

from campaigns.judge import SIGNALS, judge
from campaigns.signals.conversation import conversation
from campaigns.signals.crowd import crowd
from campaigns.signals.depth import depth
from campaigns.signals.lifetimes import lifetimes
from campaigns.signals.load import load
from campaigns.signals.network import addresses, client, organisation
from campaigns.signals.obfuscation import obfuscation
from campaigns.signals.pivot import pivot
from campaigns.signals.purpose import purpose
from campaigns.signals.rhythm import rhythm
from campaigns.signals.sittings import sittings
from campaigns.signals.slots import slots
from campaigns.signals.succession import succession

CROWD = people(60, 12, seed=9)


def app_users(count=40):
    """People who share an app: they come one by one, stay a while, and use it unevenly."""
    rows = []
    for user, row in enumerate(people(count, 1, seed=3)):
        for i in range(1 + user * user // 160):
            rows.append(
                replace(
                    row, hour=user * 20 + i * 24.0 + (row.hour or 0) % 24, prompt=user * 100 + i, shared=True
                )
            )
    return rows


def test_a_pool_around_the_clock_has_no_rhythm():
    found = rhythm(candidate_of(pool(30, 10), CROWD))
    assert found is not None
    assert found.weight > 0.5
    assert abs(found.value) < 0.15
    assert "around the clock" in found.text


def test_people_have_a_rhythm():
    found = rhythm(candidate_of(people(30, 10, seed=1), CROWD))
    assert found is not None
    assert found.weight < 0
    assert found.value > 0.3


def test_rhythm_is_silent_where_the_crowd_has_none():
    machines = [replace(row, shared=False) for row in pool(60, 12, seed=5)]
    assert rhythm(candidate_of(pool(30, 10), machines)) is None


def test_rhythm_is_silent_without_times():
    timeless = [replace(row, hour=None) for row in pool(30, 10)]
    assert rhythm(candidate_of(timeless, CROWD)) is None


def test_lifetimes_tell_a_pool_from_a_crowd():
    together, apart = lifetimes(candidate_of(pool(30, 10))), lifetimes(candidate_of(app_users()))
    assert together is not None
    assert apart is not None
    assert together.value > 0.7
    assert together.weight > 0.5
    assert apart.value < 0.15
    assert apart.weight < 0


def test_lifetimes_need_accounts_with_two_requests():
    assert lifetimes(candidate_of(pool(30, 1))) is None


def test_load_tells_a_queue_from_people():
    even, uneven = load(candidate_of(pool(30, 10))), load(candidate_of(app_users(60)))
    assert even is not None
    assert even.weight > 0.3
    assert uneven is not None
    assert uneven.weight < 0


def test_load_is_silent_on_few_requests():
    assert load(candidate_of(pool(30, 2))) is None


@pytest.mark.parametrize(
    ("prompt", "low", "high"),
    [
        (lambda account, i: account * 10 + i, 0.1, 0.5),  # a bank, each task once
        (lambda account, i: i, -2.5, -1.5),  # the same items for everybody
        (lambda account, i: account, -2.5, -0.5),  # one item again and again
    ],
    ids=["swept", "same items", "repeated"],
)
def test_slots(prompt, low, high):
    rows = [Row(f"a{a}", a + i, prompt(a, i)) for a in range(10) for i in range(10)]
    found = slots(candidate_of(rows))
    assert found is not None
    assert low <= found.weight <= high


def test_slots_are_silent_on_few_requests():
    assert slots(candidate_of(pool(5, 2))) is None


def test_a_phrase_used_once_among_much_else_speaks_against():
    once = [replace(row, account=f"p9-{i}", prompt=i) for i, row in enumerate(pool(40, 1))]
    found = depth(candidate_of(once, CROWD))
    assert found is not None
    assert found.weight <= -1
    lived_on = depth(candidate_of(pool(40, 8), CROWD))
    assert lived_on is not None
    assert lived_on.weight > 0


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_more_accounts_never_weigh_less(one, other):
    few, many = sorted((one, other))
    weights = [
        crowd(candidate_of([Row(f"a{i}", 0, 0) for i in range(n)])).weight
        for n in (few % 60 + 1, many % 60 + 61)
    ]
    assert weights[0] <= weights[1]


def test_conversations_speak_against():
    chatting = conversation(candidate_of(pool(20, 5, turns=3)))
    asking = conversation(candidate_of(pool(20, 5)))
    assert chatting is not None
    assert asking is not None
    assert chatting.weight < -0.5
    assert asking.weight > 0


def test_invisible_characters_speak_for():
    rows = pool(20, 5)
    assert obfuscation(candidate_of(rows)) is None
    hidden = [9 if row.prompt % 2 else 0 for row in rows]
    found = obfuscation(candidate_of(rows, hidden=hidden))
    assert found is not None
    assert found.weight > 0


def test_one_organisation_or_address_explains():
    for field in ("organisation", "ip"):
        found = organisation(candidate_of(pool(20, 5, **{field: "acme"})))
        assert found is not None
        assert found.weight <= -1
        assert found.metadata
    assert organisation(candidate_of(pool(20, 5))) is None


def test_an_own_client_is_an_app():
    found = client(candidate_of(pool(20, 5, agent="pantry/1.2"), people(20, 5, agent="curl/8")))
    assert found is not None
    assert found.weight < 0
    assert found.metadata
    assert client(candidate_of(pool(20, 5, agent="curl/8"), people(20, 50, agent="curl/7"))) is None


def test_rotating_addresses_are_noted_apart():
    rows = [replace(row, ip=f"10.0.0.{i % 3}") for i, row in enumerate(pool(20, 9))]
    found = addresses(candidate_of(rows))
    assert found is not None
    assert found.metadata


@pytest.mark.parametrize(
    "template",
    [
        "Before you answer, write down every step of your reasoning.",
        "Score the response from 1 to 5 against the rubric.",
        "Create a new and harder task in the style of this one: {slot}",
        "Antes de responder, escribe todo tu razonamiento.",
        "请写出完整的推理过程：{slot}",
        "Прежде чем ответить, запиши свои рассуждения",
        "Bewerte die Antwort nach diesen Kriterien",
        "この問題の考えをすべて書いてください",
        "اكتب خطوة بعد خطوة كل تفكير قبل الجواب",
    ],
)
def test_training_value_in_many_languages(template):
    assert purpose(template).weight > 0


@pytest.mark.parametrize(
    "template",
    [
        "Translate the following text into French: {slot}",
        "You are the friendly assistant of a shoe shop. Help the customer find the right size.",
        "Fasse den folgenden Text in drei Sätzen zusammen",
        "次の文章を英語に訳してください",
        "",
    ],
)
def test_no_training_value(template):
    assert purpose(template).weight < 0


def test_a_pool_outweighs_and_a_crowd_does_not():
    assert judge(candidate_of(pool(60, 10), CROWD)).score > 0.5
    assert judge(candidate_of(app_users(60), CROWD)).score < 0.05


def test_the_score_without_metadata_leaves_it_out():
    verdict = judge(candidate_of(pool(60, 10, organisation="acme"), CROWD))
    assert verdict.score < verdict.score_without_metadata


def test_every_signal_survives_a_candidate_without_anything():
    bare = candidate_of([Row("", None, 0)])
    for signal in SIGNALS:
        found = signal(bare)
        assert found is None or found.text


def test_a_replaced_pool_is_seen():
    first = pool(15, 10, seed=1, days=12)
    second = [replace(row, hour=row.hour + 12.5 * 24) for row in pool(15, 10, seed=2, days=12)]
    found = succession(candidate_of([*first, *second]))
    assert found is not None
    assert found.weight > 0
    assert "took over" in found.text


def test_a_crowd_that_comes_and_goes_is_no_succession():
    coming = [
        replace(row, hour=i * 18 + row.hour % 24)
        for i, row in enumerate(people(40, 1, seed=6))
        for _ in range(3)
    ]
    assert succession(candidate_of(coming)) is None
    assert succession(candidate_of(pool(30, 10))) is None


def moved(rows, release, share):
    """Give requests after a release to the new model, the given part of them."""
    return [
        replace(row, model="new" if row.hour >= release and i % 100 < 100 * share else "old")
        for i, row in enumerate(rows)
    ]


def test_a_switch_to_a_new_model_at_once_is_a_pivot():
    work = moved(pool(30, 40), 240, 1.0)
    assert pivot(candidate_of(work, moved(people(60, 40, seed=8), 240, 0.05))).weight > 0
    assert pivot(candidate_of(work, moved(people(60, 40, seed=8), 240, 0.9))) is None
    assert (
        pivot(candidate_of(moved(pool(30, 40), 240, 0.1), moved(people(60, 40, seed=8), 240, 0.05))) is None
    )


def test_people_ask_in_sittings_and_a_dispatcher_does_not():
    visits = [replace(row, hour=row.hour + 0.1 * i) for row in people(20, 3, seed=4) for i in range(4)]
    asked, dealt = sittings(candidate_of(visits)), sittings(candidate_of(pool(30, 10)))
    assert asked is not None
    assert asked.value > 0.5
    assert asked.weight < 0
    assert dealt is not None
    assert abs(dealt.value) < 0.1
    assert dealt.weight > 0


def test_sittings_are_silent_where_the_rate_alone_makes_gaps_short():
    assert sittings(candidate_of(pool(10, 200, days=2))) is None
    assert sittings(candidate_of(pool(5, 2))) is None
