"""A directory of keys that are not kept: nobody who has a key is outside, hardly anybody else inside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.directory import HINT_BITS, arranged, narrowed


def directory_of(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.argsort(keys, kind="stable")
    return order, *arranged(keys[order], order.astype(np.uint64))


EDGES = st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1])


@given(st.lists(EDGES | st.integers(0, 2**64 - 1), max_size=200), EDGES | st.integers(0, 2**64 - 1))
def test_all_that_have_a_key_lie_in_its_range(values, absent):
    keys = np.array(values, dtype=np.uint64)
    _, first, places = directory_of(keys)
    for key in {*values, absent}:
        begin, end = narrowed(first, places, np.uint64(key))
        inside = places[begin:end] >> HINT_BITS
        wanted = np.flatnonzero(keys == np.uint64(key))
        assert inside[keys[inside] == np.uint64(key)].tolist() == wanted.tolist()


@pytest.mark.parametrize("count", [1, 40, 5000, 100_000])
def test_few_others_lie_there(count):
    random = np.random.default_rng(count)
    keys = random.integers(0, 2**64, count, dtype=np.uint64)
    order, first, places = directory_of(keys)
    np.testing.assert_array_equal(places >> HINT_BITS, order)
    assert first[-1] == count
    asked = random.integers(0, 2**64, 3000, dtype=np.uint64)
    sizes = [end - begin for begin, end in (narrowed(first, places, key) for key in asked)]
    assert np.mean(sizes) < 1 / 16
