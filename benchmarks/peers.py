"""Other libraries doing MinHash, each as its users do, from texts to signatures.

All take lower-case runs of word characters, shingles of three, and 128 permutations. A library
that is not installed is left out by `installed`.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

PERMUTATIONS = 128
_WORD = re.compile(r"\w+")


def shingles(text: str) -> list[str]:
    """Return the runs of three words of a text; all of it where it has fewer."""
    words = _WORD.findall(text.lower())
    return [" ".join(words[i : i + 3]) for i in range(max(len(words) - 2, 1))]


def by_datasketch(texts: Sequence[str]) -> list[Any]:
    """MinHash.update_batch, a sketch at a time."""
    from datasketch import MinHash

    found = []
    for text in texts:
        sketch = MinHash(PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        found.append(sketch)
    return found


def by_rensa(texts: Sequence[str]) -> list[Any]:
    """The exact path; rensa's other, "rho", samples tokens and is not the same work."""
    from rensa import RMinHash

    found: list[Any] = RMinHash.digests_from_token_sets([shingles(t) for t in texts], PERMUTATIONS, 1)
    return found


def by_text_dedup(texts: Sequence[str]) -> list[Any]:
    """The function that its command maps over a data set, with its default hash and its faster 32 bits."""
    from text_dedup.minhash import embed_func
    from text_dedup.utils import xxh3_32hash

    random = np.random.RandomState(42)
    prime = np.uint32((1 << 32) - 5)
    options = {
        "num_perm": PERMUTATIONS,
        "ngram_size": 3,
        "min_length": 0,
        "hashranges": [(5 * i, 5 * i + 5) for i in range(25)],
        "permutations": tuple(random.randint(low, prime, PERMUTATIONS, np.uint32) for low in (1, 0)),
        "hash_func": xxh3_32hash,
        "dtype": np.uint32,
        "max_hash": np.uint32((1 << 32) - 1),
        "modulo_prime": prime,
    }
    return [embed_func(text, row, **options) for row, text in enumerate(texts)]


_ALL: dict[str, tuple[str, Callable[[Sequence[str]], list[Any]]]] = {
    "datasketch": ("datasketch", by_datasketch),
    "rensa": ("rensa", by_rensa),
    "text-dedup": ("text_dedup.minhash", by_text_dedup),
}


def installed() -> dict[str, Callable[[Sequence[str]], list[Any]]]:
    """Return name and version → texts to signatures, of the libraries that can be imported."""
    found = {}
    for name, (module, work) in _ALL.items():
        try:
            importlib.import_module(module)
        except ImportError as missing:
            print(f"without {name}: {missing}")
            continue
        found[f"{name} {importlib.metadata.version(name)}"] = work
    return found
