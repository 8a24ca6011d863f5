"""Each signal on the traffic it is about: its sign, its silence, and its words."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from madelog import Row, candidate_of, people, pool

from campaigns.judge import SIGNALS, Verdict, judge
from campaigns.signals.conversation import conversation
from campaigns.signals.crowd import crowd
from campaigns.signals.depth import depth, volume
from campaigns.signals.habits import own_days, own_inputs
from campaigns.signals.lifetimes import lifetimes
from campaigns.signals.load import load
from campaigns.signals.network import addresses, client, network, organisation
from campaigns.signals.obfuscation import obfuscation
from campaigns.signals.pivot import pivot
from campaigns.signals.rhythm import rhythm
from campaigns.signals.sittings import sittings
from campaigns.signals.slots import repeats, slots
from campaigns.signals.succession import succession
from campaigns.signals.techniques import techniques
from campaigns.signals.window import window

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
    assert found.strength > 0.5
    assert abs(found.value) < 0.15
    assert "around the clock" in found.text


def test_people_have_a_rhythm():
    found = rhythm(candidate_of(people(30, 10, seed=1), CROWD))
    assert found is not None
    assert found.strength < 0
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
    assert together.strength > 0.5
    assert apart.value < 0.15
    assert apart.strength < 0


def test_lifetimes_need_accounts_with_two_requests():
    assert lifetimes(candidate_of(pool(30, 1))) is None


def test_load_tells_a_queue_from_people():
    even, uneven = load(candidate_of(pool(30, 10))), load(candidate_of(app_users(60)))
    assert even is not None
    assert even.strength > 0.3
    assert uneven is not None
    assert uneven.strength < 0


def test_load_is_silent_on_few_requests():
    assert load(candidate_of(pool(30, 2))) is None


def dealt(prompt):
    """Ten accounts of ten requests whose inputs are `prompt` of account and turn."""
    return candidate_of([Row(f"a{a}", a + i, prompt(a, i)) for a in range(10) for i in range(10)])


def test_the_same_items_for_everybody_speak_against():
    own, same = slots(dealt(lambda a, i: a * 10 + i)), slots(dealt(lambda a, i: i))
    assert own is not None
    assert same is not None
    assert (own.value, same.value) == (0, 1)
    assert own.strength > 0 > same.strength


def test_one_item_again_and_again_speaks_against():
    new, again = repeats(dealt(lambda a, i: a * 10 + i)), repeats(dealt(lambda a, i: a))
    assert new is not None
    assert again is not None
    assert (new.value, again.value) == (0, 0.9)
    assert new.strength > 0 > again.strength


def test_slots_are_silent_on_few_requests():
    assert slots(candidate_of(pool(5, 2))) is None
    assert repeats(candidate_of(pool(5, 2))) is None


def test_a_phrase_used_once_among_much_else_speaks_against():
    once = [replace(row, account=f"p9-{i}", prompt=i) for i, row in enumerate(pool(40, 1))]
    lived_on = pool(40, 8)
    assert depth(candidate_of(once, CROWD)).strength < -0.8
    assert depth(candidate_of(lived_on, CROWD)).strength > 0
    assert volume(candidate_of(once, CROWD)).strength < 0 < volume(candidate_of(lived_on, CROWD)).strength


def test_what_is_over_soon_speaks_for_and_what_never_ends_against():
    short, whole = pool(20, 5, days=2), pool(20, 5, days=30)
    assert window(candidate_of(short, CROWD)).strength > 0
    assert window(candidate_of(whole, CROWD)).strength < 0
    assert window(candidate_of([replace(row, hour=None) for row in short], CROWD)) is None


def varied(rows, length):
    """Give every request a length by its account and its place."""
    return [replace(row, words=length(row.account, i)) for i, row in enumerate(rows)]


def own_length(account, i):
    """People write as long as they do; a bit of noise."""
    return 5 + 9 * (sum(map(ord, account)) % 13) + i % 3


CROWD_WITH_HABITS = varied(CROWD, own_length)


def test_inputs_tell_whose_they_are_among_people_and_not_in_a_pool():
    work = own_inputs(candidate_of(varied(pool(30, 10), lambda _, i: 5 + i * 37 % 101), CROWD_WITH_HABITS))
    users = own_inputs(candidate_of(varied(people(30, 10, seed=3), own_length), CROWD_WITH_HABITS))
    assert abs(work.value) < 0.1
    assert users.value > 0.8
    assert work.strength > 0.3
    assert users.strength < -0.3
    assert "interchangeable" in work.text


def test_inputs_say_nothing_in_a_log_without_habits():
    rows = varied(pool(30, 10), lambda _, i: 5 + i * 37 % 101)
    assert own_inputs(candidate_of(rows, varied(CROWD, lambda _, i: 5 + i * 31 % 97))) is None


def on_days_of_their_own(rows):
    """Put the requests of each account on a few days."""
    return [replace(r, hour=24 * (sum(map(ord, r.account)) * 7 % 29) + (r.hour or 0) % 48) for r in rows]


def test_people_have_days_of_their_own_and_a_pool_has_none():
    crowd = on_days_of_their_own(CROWD)
    work = own_days(candidate_of(pool(30, 10), crowd))
    users = own_days(candidate_of(on_days_of_their_own(people(30, 10, seed=3)), crowd))
    assert abs(work.value) < 0.1
    assert users.value > 0.3
    assert work.strength > 0.3
    assert users.strength < -0.3


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_more_accounts_never_weigh_less(one, other):
    few, many = sorted((one, other))
    weights = [
        crowd(candidate_of([Row(f"a{i}", 0, 0) for i in range(n)])).strength
        for n in (few % 60 + 1, many % 60 + 61)
    ]
    assert weights[0] <= weights[1]


def test_conversations_speak_against():
    chatting = conversation(candidate_of(pool(20, 5, turns=3)))
    asking = conversation(candidate_of(pool(20, 5)))
    assert chatting is not None
    assert asking is not None
    assert chatting.strength < -0.5
    assert asking.strength > 0


def test_invisible_characters_speak_for():
    rows = pool(20, 5)
    assert obfuscation(candidate_of(rows)) is None
    hidden = [9 if row.prompt % 2 else 0 for row in rows]
    found = obfuscation(candidate_of(rows, hidden=hidden))
    assert found is not None
    assert found.strength > 0


def test_many_instructions_over_one_input_are_a_sweep():
    tried = [replace(row, prompt=i % 5, system=100 + i) for i, row in enumerate(pool(20, 5))]
    found = techniques(candidate_of(tried))
    assert found is not None
    assert found.value == 1
    assert "up to 20 over one input" in found.text
    benchmark = [replace(row, system=100) for row in tried]
    assert techniques(candidate_of(benchmark)) is None


def test_one_organisation_or_address_explains():
    for field in ("organisation", "ip"):
        rows = pool(20, 5, **{field: "acme"})
        found = organisation(candidate_of(rows, people(20, 5, seed=2)))
        assert found is not None
        assert found.strength <= -1
        assert found.metadata
        assert organisation(candidate_of(rows)) is None, "a log of one address says nothing"
    assert organisation(candidate_of(pool(20, 5))) is None


def test_a_log_with_one_value_in_every_field_is_judged_without_them():
    verdict = judge(candidate_of(pool(60, 10, ip="10.0.0.1", agent="sdk/1", organisation="acme")))
    assert not any(reason.evidence.metadata for reason in verdict.reasons)
    assert verdict.score == verdict.score_without_metadata


def test_missing_addresses_never_raise_a_score():
    rows = [replace(row, agent="sdk/1") for row in pool(60, 10)]
    verdict = judge(candidate_of(rows, people(60, 12, seed=9, agent="curl/8")))
    assert verdict.metadata
    assert verdict.counted, "a client of their own lowers the score"
    assert verdict.score < verdict.score_without_metadata
    bare = Verdict(tuple(e for e in verdict.evidence if e.signal != "client"))
    assert not bare.counted
    assert bare.score == bare.score_without_metadata
    assert not any(reason.evidence.metadata for reason in bare.reasons), "reasons are those of the score"


def test_an_own_client_is_an_app():
    found = client(candidate_of(pool(20, 5, agent="pantry/1.2"), people(20, 5, agent="curl/8")))
    assert found is not None
    assert found.strength < 0
    assert found.metadata
    assert client(candidate_of(pool(20, 5, agent="curl/8"), people(20, 50, agent="curl/7"))) is None


def test_one_network_explains_and_none_says_nothing():
    near = network(candidate_of([replace(r, ip=f"10.1.{i % 99}.7") for i, r in enumerate(pool(20, 5))]))
    far = network(candidate_of([replace(r, ip=f"10.{i % 99}.1.7") for i, r in enumerate(pool(20, 5))]))
    assert near is not None
    assert far is not None
    assert near.metadata
    assert near.strength < far.strength
    assert "10.1" in near.text
    assert network(candidate_of(pool(20, 5))) is None


def test_rotating_addresses_are_noted_apart():
    rows = [replace(row, ip=f"10.0.0.{i % 3}") for i, row in enumerate(pool(20, 9))]
    found = addresses(candidate_of(rows))
    assert found is not None
    assert found.metadata


def test_a_pool_outweighs_and_a_crowd_does_not():
    rows = [replace(row, ip=f"10.{i % 99}.1.7") for i, row in enumerate(pool(60, 10))]
    assert judge(candidate_of(rows, CROWD)).score > 0.9
    assert judge(candidate_of(app_users(60), CROWD)).score < 0.05


def test_the_score_without_metadata_leaves_it_out():
    rows = [replace(row, ip=f"10.{i % 99}.1.7") for i, row in enumerate(pool(60, 10, organisation="acme"))]
    verdict = judge(candidate_of(rows, CROWD))
    assert verdict.score < 0.5, "the log itself names one owner"
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
    assert found.strength > 0
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
    assert pivot(candidate_of(work, moved(people(60, 40, seed=8), 240, 0.05))).strength > 0
    assert pivot(candidate_of(work, moved(people(60, 40, seed=8), 240, 0.9))) is None
    assert (
        pivot(candidate_of(moved(pool(30, 40), 240, 0.1), moved(people(60, 40, seed=8), 240, 0.05))) is None
    )


def test_people_ask_in_sittings_and_a_dispatcher_does_not():
    visits = [replace(row, hour=row.hour + 0.1 * i) for row in people(20, 3, seed=4) for i in range(4)]
    asked, dealt = sittings(candidate_of(visits)), sittings(candidate_of(pool(30, 10)))
    assert asked is not None
    assert asked.value > 0.5
    assert asked.strength < 0
    assert dealt is not None
    assert abs(dealt.value) < 0.1
    assert dealt.strength > 0


def test_sittings_are_silent_where_the_rate_alone_makes_gaps_short():
    assert sittings(candidate_of(pool(10, 200, days=2))) is None
    assert sittings(candidate_of(pool(5, 2))) is None
