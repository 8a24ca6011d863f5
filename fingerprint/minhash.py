"""MinHash signatures of whole Arrow arrays, and their exchange with datasketch.

Two signatures agree in a slot with the probability that is the Jaccard similarity of their
shingle sets (Broder 1997, "On the resemblance and containment of documents").
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fingerprint import kernel
from fingerprint.canonical import fold_table

if TYPE_CHECKING:
    from datasketch import LeanMinHash

Signatures = NDArray[np.uint32]

SCHEME = "affine32"
_BLOCKS = 64
_FEW = 8  # texts that one thread has done before another is awake
_SCRATCH_BYTES = 64 << 20
_SPANS = (
    f"words:{kernel.SPAN_WORDS};winnow:{kernel.SPAN_WINDOW};{kernel.LONG_TOKENS}|{kernel.LONG_SPAN_WINDOW}"
)


@dataclass(frozen=True)
class Settings:
    """Everything that two fingerprints must have in common to be compared.

    Stored in an index, which refuses to be opened with others. `key_id` names the secret key
    without giving it away; `fold_table` is the SHA-256 of the canonical form's table.
    """

    key_id: str
    fold_table: str
    num_perm: int = 128
    seed: int = 1
    scheme: str = SCHEME
    shingles: str = "words:3|2|chars:4;20|5"
    spans: str = _SPANS
    version: int = 3


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of n texts, row by row.

    signatures: (n, num_perm) uint32; all ones where a text shows nothing.
    canonical: (n,) uint64 keyed hash of the token sequence.
    tokens, hidden: (n,) uint32, token count and invisible characters after Latin letters.
    span_hashes: (m,) uint64 and span_places: (m,) uint32, first token of each sampled span;
    the spans of row i are span_hashes[span_offsets[i]:span_offsets[i + 1]], in text order.
    """

    signatures: Signatures
    canonical: NDArray[np.uint64]
    tokens: NDArray[np.uint32]
    hidden: NDArray[np.uint32]
    span_hashes: NDArray[np.uint64]
    span_places: NDArray[np.uint32]
    span_offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.canonical)

    @property
    def visible(self) -> NDArray[np.bool_]:
        """(n,) whether a text has anything to compare by."""
        blank = (self.signatures[:, :4] == np.uint32(0xFFFFFFFF)).all(axis=1)
        return np.asarray(~blank)


class MinHasher:
    """Turns texts into fingerprints under one secret key.

    Hashers with equal settings agree on every machine; fingerprints of different settings must
    never be compared. Without the key nobody can grind a text toward or away from another.
    """

    def __init__(self, key: bytes, *, num_perm: int = 128, seed: int = 1) -> None:
        """`key` is 32 secret bytes. Raises ValueError for another length."""
        if len(key) != 32:
            raise ValueError(f"a fingerprint key has 32 bytes, not {len(key)}")
        self.settings = Settings(
            key_id=hashlib.blake2b(key, digest_size=8, person=b"pp-key-id").hexdigest(),
            fold_table=fold_table().digest,
            num_perm=num_perm,
            seed=seed,
        )
        self._key = key
        self._constants = _derive_constants(key)

    def derive(self, purpose: bytes) -> bytes:
        """Return 32 secret bytes for another use of the index's key; purposes of up to 16 bytes."""
        return hashlib.blake2b(key=self._key, digest_size=32, person=purpose).digest()

    @cached_property
    def permutations(self) -> tuple[Signatures, Signatures]:
        """The (a, b) coefficients, (num_perm,) uint32 each, as datasketch draws them.

        Drawn here because importing datasketch, which imports scipy, takes longer than most searches.
        """
        draw, count = np.random.RandomState(self.settings.seed), self.settings.num_perm
        a = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
        return a, draw.randint(0, 1 << 32, count, dtype=np.uint32)

    def fingerprint(self, texts: pa.Array) -> Fingerprints:
        """Return the fingerprints of a string array (nulls count as empty)."""
        data, offsets = _buffers(texts)
        table = fold_table()
        a, b = self.permutations
        what = (data, offsets, table.table, table.expansions, self._constants, a, b)
        outputs, ranges = (
            kernel.sketch_here(*what) if len(texts) <= _FEW else kernel.sketch(*what, _block_count(offsets))
        )
        signatures, canon, tokens, hidden, hashes, places, counts = outputs
        kept = [slice(first, last) for first, last in ranges]
        return Fingerprints(
            signatures, canon, tokens, hidden,
            span_hashes=np.concatenate([hashes[block] for block in kept]),
            span_places=np.concatenate([places[block] for block in kept]),
            span_offsets=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
        )  # fmt: skip

    def shingles(self, text: str) -> NDArray[np.uint32]:
        """Return the sorted distinct 32-bit shingle hashes of one text; empty if none.

        For exact Jaccard similarity of a few texts; whole logs go through `fingerprint`.
        """
        scratch = self._tokenise(text)
        out = np.empty(len(scratch.hashes), dtype=np.uint32)
        codes = np.empty(len(scratch.hashes), dtype=np.uint64)
        table = fold_table()
        made = kernel.shingle_row(
            scratch.data, 0, len(scratch.data), table.table, table.expansions,
            self._constants, scratch.hashes, scratch.count, out, codes,
        )  # fmt: skip
        return np.unique(out[:made])

    def tokens(self, text: str) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
        """Return (hashes, starts, ends) of a text's tokens; starts and ends are byte offsets
        into its UTF-8 form.
        """
        scratch = self._tokenise(text)
        return (
            scratch.hashes[: scratch.count],
            scratch.extents[: scratch.count, 0],
            scratch.extents[: scratch.count, 1],
        )

    def sign(self, shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the (num_perm,) signature of a set of 32-bit shingle hashes.

        Raises ValueError for an empty set, which would resemble every other empty set.
        """
        if len(shingles) == 0:
            raise ValueError("an empty shingle set has no signature")
        a, b = self.permutations
        row = np.full(self.settings.num_perm, 0xFFFFFFFF, dtype=np.uint32)
        kernel.minima(shingles, len(shingles), np.empty_like(shingles), a, b, row)
        return row

    def _tokenise(self, text: str) -> _Scratch:
        raw = text.encode("utf-8", "replace")
        data = np.frombuffer(raw, dtype=np.uint8)
        size = kernel.room_for(len(raw))
        hashes = np.empty(size, dtype=np.uint64)
        extents = np.empty((size, 2), dtype=np.int64)
        weights, block = np.empty(size, dtype=np.uint8), np.empty(kernel.BLOCK_BYTES, dtype=np.uint8)
        table = fold_table()
        count, _ = kernel.tokenise(
            data, 0, len(data), table.table, table.expansions, self._constants,
            hashes, weights, extents, block,
        )  # fmt: skip
        return _Scratch(data, hashes, extents, count)


@dataclass(frozen=True)
class _Scratch:
    data: NDArray[np.uint8]
    hashes: NDArray[np.uint64]
    extents: NDArray[np.int64]
    count: int


def similarity(left: Signatures, right: Signatures) -> NDArray[np.float64]:
    """Return the estimated Jaccard similarity along the last axis; shapes broadcast."""
    return np.asarray((left == right).mean(axis=-1))


def to_datasketch(signature: NDArray[np.uint32], settings: Settings) -> LeanMinHash:
    """Return a signature as a datasketch object, for use with datasketch's own indexes."""
    from datasketch import LeanMinHash

    return LeanMinHash(seed=settings.seed, hashvalues=signature, scheme=settings.scheme)


def from_datasketch(sketch: LeanMinHash, settings: Settings) -> NDArray[np.uint32]:
    """Return the (num_perm,) signature in a datasketch object.

    Raises ValueError when it was made with another scheme, seed or number of permutations.
    Whether its shingle hashes came from the same key cannot be seen; that is the caller's care.
    """
    theirs = (sketch.scheme, sketch.seed, len(sketch.hashvalues))
    ours = (settings.scheme, settings.seed, settings.num_perm)
    if theirs != ours:
        raise ValueError(f"sketch of (scheme, seed, permutations) {theirs} does not fit {ours}")
    return np.asarray(sketch.hashvalues, dtype=np.uint32)


def _derive_constants(key: bytes) -> NDArray[np.uint64]:
    """Expand the key to the kernel's odd 64-bit constants (BLAKE2b in counter mode)."""
    stream = b"".join(
        hashlib.blake2b(bytes([i]), key=key, digest_size=8, person=b"pp-shingle").digest()
        for i in range(kernel.KEY_WORDS)
    )
    return np.frombuffer(stream, dtype="<u8").astype(np.uint64) | np.uint64(1)


def _buffers(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return an array's bytes and its (n + 1,) offsets."""
    texts = texts.cast(pa.large_string())
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    if texts.null_count:
        texts = texts.fill_null("")
    _, offsets, data = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int64, count=len(texts) + 1 + texts.offset)[texts.offset :]
    return np.frombuffer(data or b"", dtype=np.uint8), places


def _block_count(offsets: NDArray[np.int64]) -> int:
    """Blocks keep both cores busy, but every thread needs scratch for its longest row."""
    rows = len(offsets) - 1
    longest = int(np.diff(offsets).max(initial=0))
    return max(1, min(_BLOCKS, rows, 1 + _SCRATCH_BYTES // (1 + longest)))
