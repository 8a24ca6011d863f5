"""Shared spans: the runs of words that enough accounts send, and where they stand.

The postings of an index come a range of keys at a time (`Snapshot.spans`). Of each range only
the spans of enough accounts are kept, so memory holds the template text of a log, never its
slots. What is kept is dealt out by prompt into shares of bounded size, on disk when there are
several: everything after this looks at one prompt at a time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np
from numba import njit
from numpy.typing import NDArray

from campaigns.accounts import Senders
from indexes.spans import ORDER_BITS

_SHARE_BITS = 20  # a share has so many prompts at most
_SPAN_BITS = 64 - ORDER_BITS - _SHARE_BITS


@dataclass(frozen=True)
class SharedSpans:
    """Spans that enough accounts share, numbered in the order of their keys.

    count: how many spans. shares: files of uint64, prompt within the share << 44 | place in the
    text << 34 | span; the prompts of share i begin at i << _SHARE_BITS.
    """

    count: int
    shares: list[IO[bytes]]

    @classmethod
    def of(
        cls, postings: Iterable[tuple[NDArray[np.uint64], int]], senders: Senders, least: int
    ) -> SharedSpans:
        """Collect the spans of at least `least` accounts.

        postings: ranges as `Snapshot.spans` yields them.
        """
        prompts = len(senders.first) - 1
        shares: list[IO[bytes]] = [
            tempfile.TemporaryFile()  # noqa: SIM115 - they live until close()
            for _ in range(((max(prompts, 1) - 1) >> _SHARE_BITS) + 1)
        ]
        bound = np.minimum(senders.count, least).astype(np.uint8)
        several = np.packbits(bound > 1, bitorder="little")
        count = 0
        for packed, prompt_bits in postings:
            owner, rows, found = _of_enough(
                packed, prompt_bits, bound, several, senders.first, senders.accounts, least, count
            )
            count += found
            for number in np.unique(owner).tolist():
                shares[number].write(rows[owner == number].tobytes())
        return cls(count, shares)

    def by_prompt(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Yield (first prompt, prompts, spans) of each share, sorted by prompt, then place.

        prompts count from the share's first prompt; a span may stand in a prompt twice.
        """
        for number, share in enumerate(self.shares):
            share.seek(0)
            rows = np.frombuffer(share.read(), dtype=np.uint64).copy()
            rows.sort()
            span = (rows & np.uint64((1 << _SPAN_BITS) - 1)).astype(np.int64)
            prompt = (rows >> np.uint64(_SPAN_BITS + ORDER_BITS)).astype(np.int64)
            yield number << _SHARE_BITS, prompt, span

    def close(self) -> None:
        """Remove the files."""
        for share in self.shares:
            share.close()


@njit(nogil=True, cache=True)
def _of_enough(packed, prompt_bits, bound, several, first, accounts, least, number):  # type: ignore[no-untyped-def]
    """Return (shares, rows, number of spans) of the postings of spans that enough accounts send.

    Rows are as in SharedSpans, their spans numbered from `number` on; shares: (rows,). bound:
    (prompts,) uint8, senders of each prompt, no more than `least`; their sum bounds the distinct
    ones from above and settles nearly every span without looking up anybody. several: a bit for
    each prompt of more than one, which fit the processor's cache where the bounds do not.
    """
    out, share = np.empty(packed.size, dtype=np.uint64), np.empty(packed.size, dtype=np.int64)
    order, key_shift = np.uint64(ORDER_BITS), np.uint64(prompt_bits + ORDER_BITS)
    mask = (np.uint64(1) << np.uint64(prompt_bits)) - np.uint64(1)
    within = (np.uint64(1) << np.uint64(min(_SHARE_BITS, prompt_bits) + ORDER_BITS)) - np.uint64(1)
    seen = np.empty(least, dtype=np.int64)
    made, spans, begin = 0, 0, 0
    while begin < packed.size:
        key = packed[begin] >> key_shift
        end, total, before = begin, 0, np.int64(-1)
        while end < packed.size and packed[end] >> key_shift == key:
            prompt = np.int64((packed[end] >> order) & mask)
            if total < least and prompt != before:
                total += bound[prompt] if several[prompt >> 3] >> (prompt & 7) & 1 else 1
            before = prompt
            end += 1
        if total >= least:
            known = _senders(packed, begin, end, order, mask, first, accounts, seen)
            if known == least:
                for i in range(begin, end):
                    share[made] = ((packed[i] >> order) & mask) >> np.uint64(_SHARE_BITS)
                    out[made] = (packed[i] & within) << np.uint64(_SPAN_BITS) | np.uint64(number + spans)
                    made += 1
                spans += 1
        begin = end
    return share[:made], out[:made], spans


@njit(nogil=True, cache=True)
def _senders(packed, begin, end, order, mask, first, accounts, seen):  # type: ignore[no-untyped-def]
    """Write who sends the postings of a span, until `seen` is full; return how many they are."""
    known = 0
    for i in range(begin, end):
        prompt = np.int64((packed[i] >> order) & mask)
        for j in range(first[prompt], first[prompt + 1]):
            new = True
            for k in range(known):
                new &= seen[k] != accounts[j]
            if new:
                seen[known] = accounts[j]
                known += 1
            if known == seen.size:
                return known
    return known


@njit(nogil=True, cache=True)
def some_senders(packed, prompt_bits, first, accounts, least, account_bits):  # type: ignore[no-untyped-def]
    """Return key << account_bits | account: of each span its senders, or `least` of them.

    packed: ascending postings of one range of keys; first, accounts: as in Senders.
    """
    out = np.empty(packed.size + least, dtype=np.uint64)
    order, key_shift = np.uint64(ORDER_BITS), np.uint64(prompt_bits + ORDER_BITS)
    mask = (np.uint64(1) << np.uint64(prompt_bits)) - np.uint64(1)
    seen = np.empty(least, dtype=np.int64)
    made, begin = 0, 0
    while begin < packed.size:
        key, end = packed[begin] >> key_shift, begin
        while end < packed.size and packed[end] >> key_shift == key:
            end += 1
        known = _senders(packed, begin, end, order, mask, first, accounts, seen)
        if made + known > out.size:
            out = np.concatenate((out, np.empty(out.size, dtype=np.uint64)))
        for k in range(known):
            out[made] = key << np.uint64(account_bits) | np.uint64(seen[k])
            made += 1
        begin = end
    return out[:made]
