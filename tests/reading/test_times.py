import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlog import Reason
from promptlog.reasons import Skip
from promptlog.times import EARLIEST, LATEST, to_iso, to_us

NEW_YEAR = 1_767_225_600_000_000


@pytest.mark.parametrize(
    "logged",
    [
        1767225600,
        1767225600.0,
        1767225600000,
        1767225600000000,
        1767225600000000000,
        "1767225600",
        "1767225600.000",
        "1767225600000000000",
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00.000000",
        "2026-01-01 00:00:00.000000",
        "2026-01-01 00:00:00 UTC",
        "2026-01-01T01:30:00+01:30",
        "2026-01-01",
    ],
)
def test_one_moment_in_many_spellings(logged):
    assert to_us(logged) == NEW_YEAR


@pytest.mark.parametrize("logged", [None, ""])
def test_no_time_is_no_time(logged):
    assert to_us(logged) is None


@pytest.mark.parametrize(
    "logged",
    [
        0,
        -1,
        -1767225600,
        10**18,
        10**30,
        2**70,
        12345,
        1e300,
        float("nan"),
        True,
        [],
        {},
        "yesterday",
        "1999-12-31T00:00:00Z",
        "9" * 5000,
        "0001-01-01T00:00:00+23:59",
        "٢٠٢٦",
    ],
)
def test_nonsense_is_refused_not_guessed(logged):
    with pytest.raises(Skip) as caught:
        to_us(logged)
    assert caught.value.reason is Reason.BAD_TIME


@given(st.integers(EARLIEST, LATEST - 1), st.integers(0, 999_999))
def test_every_unit_gives_the_same_moment(seconds, fraction):
    moment = seconds * 1_000_000 + fraction
    assert to_us(moment) == moment
    assert to_us(moment * 1_000) == moment
    assert abs(to_us(moment / 1_000_000) - moment) <= 1


def test_times_are_shown_in_milliseconds():
    assert to_iso(1_776_816_003_120_000) == "2026-04-22T00:00:03.120Z"
    assert to_iso(NEW_YEAR) == "2026-01-01T00:00:00.000Z"
