"""What lies around a row does not matter: it is fingerprinted as it would be alone."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_texts import FEW_WORDS, HASHER, ROW_FIELDS, assert_same_rows, of, random_texts, spans

_TEXTS = st.text(max_size=20) | FEW_WORDS
_KINDS = st.sampled_from([pa.string(), pa.large_string(), pa.string_view()])


@settings(max_examples=25)
@given(st.lists(_TEXTS, max_size=6), st.integers(0, 6), st.integers(0, 6), _KINDS)
def test_a_slice_has_the_rows_of_its_texts(texts, first, count, kind):
    whole = pa.array(texts, pa.string()).cast(kind)
    assert_same_rows(HASHER.fingerprint(whole.slice(first, count)), of(*texts[first : first + count]))


@settings(max_examples=25)
@given(st.lists(st.lists(st.none() | _TEXTS, max_size=4), min_size=1, max_size=3))
def test_a_concatenation_has_the_rows_of_its_parts(parts):
    arrays = [pa.array(part, pa.string()) for part in parts]
    together = HASHER.fingerprint(pa.concat_arrays(arrays))
    apart = [HASHER.fingerprint(each) for each in arrays]
    for name in (*ROW_FIELDS, "span_hashes", "span_places"):
        np.testing.assert_array_equal(
            getattr(together, name), np.concatenate([getattr(each, name) for each in apart])
        )


def test_a_row_in_a_large_batch_is_the_row_alone():
    texts = random_texts(300, seed=9)
    together = of(*texts)
    for row in range(0, 300, 7):
        alone = of(texts[row])
        assert spans(together, row) == spans(alone)
        for name in ROW_FIELDS:
            np.testing.assert_array_equal(getattr(together, name)[row], getattr(alone, name)[0])


def test_a_row_of_expanding_characters_is_the_row_alone():
    """㌖ is 3 bytes and 6 tokens, so its spans outnumber the room that bytes / 2 gives."""
    text = "㌖" * 50
    assert spans(of(*["word " * 400] * 200, text), 200) == spans(of(text))


@settings(max_examples=25)
@given(st.lists(st.none() | _TEXTS, max_size=5))
def test_null_is_empty(texts):
    assert_same_rows(of(*texts), of(*[text or "" for text in texts]))


def test_no_rows():
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        prints = HASHER.fingerprint(pa.array([], kind))
        assert (len(prints), prints.signatures.shape, prints.span_offsets.tolist()) == (0, (0, 128), [0])
