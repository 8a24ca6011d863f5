"""Whether a sentence is found by its translation or rewording, among distractors; and what others find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meaning_run.texts import LANGUAGES, REWORDED, SUBJECTS, Distractors, sentences

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

DEPTH = 100  # neighbours that the deep encoder puts in order
_TIE = 1e-6


def translations(others: Distractors) -> dict[str, Any]:
    """Return the recall of English sentences by the same sentence in fifteen other languages: bulk
    vectors, and the whole model on their best.
    """
    from fingerprint.bulk import load_bulk_encoder
    from fingerprint.embedding import WHOLE_MODEL, load_encoder

    encode, whole = load_bulk_encoder().encode, load_encoder(WHOLE_MODEL).encode
    held, far = encode(sentences("en")), encode(others.texts)
    asked = {name: encode(sentences(name)) for name in LANGUAGES if name != "en"}
    near = {name: nearest(queries, held, far, others) for name, queries in asked.items()}
    ways = {
        "bulk": {name: recall(ranks(queries, held, far, others)) for name, queries in asked.items()},
        "bulk_then_whole": {name: recall(rank) for name, rank in _again(whole, near, others).items()},
    }
    means = {
        f"{way}_mean": {k: round(float(np.mean([one[k] for one in found.values()])), 4) for k in found["de"]}
        for way, found in ways.items()
    }
    return {"distractors": others.least()} | means | ways


def paraphrases(others: Distractors) -> dict[str, Any]:
    """Return the recall of English sentences by rewordings: bulk vectors, MiniLM on their best, MinHash."""
    from fingerprint.bulk import load_bulk_encoder
    from fingerprint.embedding import WHOLE_MODEL, load_encoder

    encode = load_bulk_encoder().encode
    asked, held, far = (encode(t) for t in (sentences(REWORDED), sentences("en"), others.texts))
    near = {REWORDED: nearest(asked, held, far, others)}
    deep = {"minilm": load_encoder().encode, "whole": load_encoder(WHOLE_MODEL).encode}
    return {
        "distractors": others.least(),
        "bulk": recall(ranks(asked, held, far, others)),
        "minhash": recall(_by_minhash(others)),
    } | {f"bulk_then_{name}": recall(_again(each, near, others)[REWORDED]) for name, each in deep.items()}


def minilm(others: Distractors) -> dict[str, Any]:
    """Return the recall of MiniLM alone, of rewordings and of German sentences: every text is encoded."""
    from fingerprint.embedding import load_encoder

    return _alone(load_encoder().encode, others)


def static(others: Distractors, folder: str) -> dict[str, Any]:
    """Return the recall of a model2vec table, SemHash's kind of model, alone and through SemHash's index."""
    from model2vec import StaticModel
    from semhash import SemHash

    model = StaticModel.from_pretrained(folder)
    wanted = sentences("en")
    subjects = dict(zip(others.texts, others.subjects.tolist(), strict=True))
    held = SemHash.from_records(wanted + others.texts, model=model).index
    asked = np.asarray(model.encode(sentences(REWORDED)))
    found = []
    for row, (near, _) in enumerate(held.query_top_k(asked, 2 * DEPTH, vectors_are_in_index=False)):
        texts = [held.items[i][0]["text"] for i in near]
        honest = [text for text in texts if row % SUBJECTS not in subjects.get(text, ())]
        found.append(honest.index(wanted[row]) if wanted[row] in honest else len(held.items))

    def encode(texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(model.encode(list(texts)), dtype=np.float32)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _TIE)

    return {"paraphrases_semhash": recall(np.array(found))} | _alone(encode, others)


def ranks(queries: Vectors, targets: Vectors, far: Vectors, others: Distractors) -> NDArray[np.int64]:
    """Return how many texts lie nearer to each query than its own target, honest answers left out."""
    own = np.einsum("nd,nd->n", queries, targets)[:, None] + _TIE
    nearer = (queries @ far.T > own) & others.fair
    return np.asarray((queries @ targets.T > own).sum(axis=1) + nearer.sum(axis=1))


def nearest(queries: Vectors, targets: Vectors, far: Vectors, others: Distractors) -> NDArray[np.int64]:
    """Return the (n, DEPTH) nearest texts of each query; those from len(targets) on are distractors."""
    far_off = np.where(others.fair, queries @ far.T, -1)
    cosine = np.concatenate([queries @ targets.T, far_off], axis=1)
    return np.asarray(np.argsort(-cosine, axis=1, kind="stable")[:, :DEPTH])


def recall(rank: NDArray[np.int64]) -> dict[str, float]:
    """Return recall@1, @10 and @100."""
    return {f"at_{k}": round(float((rank < k).mean()), 3) for k in (1, 10, DEPTH)}


def _alone(encode: Encode, others: Distractors) -> dict[str, Any]:
    held, far = encode(sentences("en")), encode(others.texts)
    names = {"paraphrases": REWORDED, "german": "de"}
    asked = {what: encode(sentences(name)) for what, name in names.items()}
    return {"distractors": others.least()} | {
        what: recall(ranks(queries, held, far, others)) for what, queries in asked.items()
    }


def _again(
    encode: Encode, near: dict[str, NDArray[np.int64]], others: Distractors
) -> dict[str, NDArray[np.int64]]:
    """Return the targets' ranks when another model puts the nearest of each query in order.

    near: by the set of sentences that ask. Every text is encoded once, as many sets as it is near to.
    """
    texts = sentences("en") + others.texts
    chosen = np.unique(np.concatenate(list(near.values())))
    vectors, found = encode([texts[i] for i in chosen]), {}
    for name, rows in near.items():
        place = np.searchsorted(chosen, rows)
        cosine = np.stack(
            [vectors[mine] @ asked for mine, asked in zip(place, encode(sentences(name)), strict=True)]
        )
        own = rows == np.arange(len(rows))[:, None]
        least = np.where(own, cosine, np.inf).min(axis=1)
        found[name] = np.where(own.any(axis=1), (cosine > least[:, None] + _TIE).sum(axis=1), len(texts))
    return found


def _by_minhash(others: Distractors) -> NDArray[np.int64]:
    """Return the ranks by signatures: a target that shares no slot is not found."""
    import pyarrow as pa

    from fingerprint.minhash import MinHasher

    sign = MinHasher(key=bytes(32)).fingerprint
    asked = sign(pa.array(sentences(REWORDED))).signatures
    held, far = (sign(pa.array(texts)).signatures for texts in (sentences("en"), others.texts))
    found, fair = [], others.fair
    for row, mine in enumerate(asked):
        alike = [(some == mine).mean(axis=1) for some in (held, far[fair[row]])]
        own = alike[0][row]
        found.append(sum(int((each > own).sum()) for each in alike) if own > 0 else len(held) + len(far))
    return np.array(found)
