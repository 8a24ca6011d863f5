"""The learnt table and the arithmetic of two honest explanations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from madelog import candidate_of, people, pool

from campaigns.judge import ARGUED, SIGNALS, Verdict, judge
from campaigns.likelihoods import crowd_share, likelihoods, look_alikes, probability
from campaigns.signals.base import Evidence
from campaigns.signals.purpose import purpose

MODELS = [likelihoods(metadata=True), likelihoods(metadata=False)]
odds = st.floats(-20, 20)


@given(odds, odds)
def test_a_campaign_must_be_likelier_than_either_explanation(crowd, party):
    both = probability((crowd, party))
    assert both <= 1 / (1 + 10**-crowd) + 1e-12
    assert both <= 1 / (1 + 10**-party) + 1e-12
    assert 0 <= crowd_share((crowd, party)) <= 1


@given(odds, odds, st.floats(0, 5))
def test_better_odds_never_lower_the_score(crowd, party, more):
    assert probability((crowd + more, party)) >= probability((crowd, party))
    assert probability((crowd, party + more)) >= probability((crowd, party))


@pytest.mark.parametrize("model", MODELS, ids=["with metadata", "without"])
def test_curves_rise_against_a_crowd_and_are_sound(model):
    for name, curve in model.curves.items():
        assert len(curve.strength) == len(curve.crowd) == len(curve.party) >= 2, name
        assert list(curve.strength) == sorted(set(curve.strength)), name
        assert list(curve.crowd) == sorted(curve.crowd), name
        assert all(map(math.isfinite, curve.crowd + curve.party)), name


def test_every_signal_has_a_curve_or_an_argument():
    rows = [*pool(40, 10, ip="192.0.2.1", agent="curl/8", organisation="acme")]
    crowd = people(40, 10, seed=2, ip="198.51.100.9", agent="sdk/1")
    found = [signal(candidate_of(rows, crowd)) for signal in SIGNALS]
    known = MODELS[0].curves.keys() | set(ARGUED)
    assert {e.signal for e in [*found, purpose("x")] if e is not None} <= known


def test_network_and_client_fields_count_only_where_asked_for():
    assert {"addresses", "network", "client"} & MODELS[0].curves.keys()
    assert not {"addresses", "network", "client", "organisation"} & MODELS[1].curves.keys()


def test_a_log_without_such_fields_is_judged_without_them():
    verdict = judge(candidate_of(pool(60, 10), people(60, 12, seed=9)))
    assert not verdict.metadata
    assert verdict.score == verdict.score_without_metadata


def test_reasons_add_up_to_the_odds():
    found = (Evidence("rhythm", 0.6, 0, "…"), Evidence("own_inputs", 0.5, 0, "…"))
    verdict = Verdict(found)
    assert [r.weight for r in verdict.reasons] == sorted(
        (r.weight for r in verdict.reasons), key=lambda w: -abs(w)
    )
    model = likelihoods(metadata=verdict.counted)
    share = verdict.crowd
    for reason in verdict.reasons:
        crowd, party = model.curves[reason.evidence.signal].at(reason.evidence.strength)
        assert reason.weight == pytest.approx(share * crowd + (1 - share) * party)


def test_look_alikes_grow_fewer_as_scores_rise():
    table = look_alikes()
    assert list(table.scores) == sorted(table.scores)
    assert list(table.per_100_000) == sorted(table.per_100_000, reverse=True)
    assert table.at(0.5) <= 1
    assert table.at(2.0) == table.per_100_000[-1]
