"""Aim: does the template ask, by meaning, for what trains a model?

`purpose` reads words, in fifteen languages, and can say which. An encoder reads any language that it was
trained on, and other words for the same, but cannot say why. Each sentence of the template is
compared with sentences that ask for training material and with ones that people ordinarily ask
(`purposes.toml`); the sentence that leans furthest to the former speaks for a campaign. Nothing
here speaks against one: vectors add to what is found without them, and take nothing from it.

Its weight is argued, and small: it may say again what `purpose` says. Random worlds, where
both were learnt together, gave it at most a factor of two or three.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from campaigns.signals.base import Evidence
from campaigns.templates import SLOT
from fingerprint.bulk import BulkEncoder, load_bulk_encoder

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*|\n+|" + re.escape(SLOT))
_LEAST = 8  # letters; a label says nothing
_MOST = 40  # sentences
_AT_MOST = 0.3


def aim(template: str) -> Evidence | None:
    """Measure how much closer a sentence of the template is to training material than to ordinary use."""
    sentences = [part.strip() for part in _SENTENCE.split(template)]
    sentences = [part for part in sentences if len(part) >= _LEAST][:_MOST]
    if not sentences:
        return None
    training, ordinary = _examples()
    vectors = _encoder().encode(sentences)
    lean = float(((vectors @ training.T).max(axis=1) - (vectors @ ordinary.T).max(axis=1)).max())
    lean = round(lean, 3)  # the last digits of a product differ between processors
    if lean <= 0:
        return None
    text = (
        "by meaning, what it asks is nearer to requests for training material than to everyday ones, by "
        f"{lean:.2f} of cosine"
    )
    return Evidence("training_meaning", min(_AT_MOST, lean), lean, text)


@cache
def _encoder() -> BulkEncoder:
    return load_bulk_encoder()


@cache
def _examples() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    table = tomllib.loads(Path(__file__).with_name("purposes.toml").read_text("utf-8"))["meaning"]
    return _encoder().encode(table["training"]), _encoder().encode(table["ordinary"])
