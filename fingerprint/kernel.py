"""From UTF-8 bytes to signatures and spans, a whole Arrow batch at a time.

The way of one text, in one thread, without a Python object:

    bytes ── fold table ──▶ tokens (a keyed 64-bit hash each)
                              ├─▶ shingles of 3 words ──▶ 128 minima       (whole-text likeness)
                              └─▶ spans of 6 words ──▶ winnowed sample     (shared fixed text)

Shingle hashes are keyed because a public hash lets an attacker choose the similarity of two
texts. The minima are datasketch's `affine32` (MinHash, Broder 1997): the 32-bit shingle hash is
mixed once, then min over shingles of a·h + b mod 2^32. Spans are winnowed as in MOSS
(Schleimer, Wilkerson, Aiken 2003, section 3): of every `SPAN_WINDOW` consecutive span hashes
the least is kept, so two texts that share a run of SPAN_WORDS + SPAN_WINDOW - 1 words always
share a span.

Rows are cut into blocks; threads take blocks; each block has scratch of its own.

All of it is one file on purpose: Numba's cache on disk watches the file of the function that it
compiled, not those of the functions in it, so a kernel over two files could go stale unseen.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from fingerprint.canonical import TABLE_SIZE, CharClass

SPAN_WORDS = 6
SPAN_WINDOW = 3
# A character of an unsegmented script carries about half a word.
_WORD_WEIGHT, _CHARACTER_WEIGHT = 2, 1
_SPAN_WEIGHT = SPAN_WORDS * _WORD_WEIGHT  # also the most tokens that a span can have

TRIGRAM_TOKENS = 20  # below this many tokens, shingles are pairs of words
PAIR_TOKENS = 5  # below this many, they are four characters, and the whole text
MAX_TOKENS = 1 << 20  # a text's fingerprint is that of its first million tokens

# Positions in the key vector (uint64), see `minhash.derive_constants`.
K_SEED, K_CHAR, K_A, K_B, K_C, K_TRIGRAM, K_PAIR, K_SHORT, K_SPAN, K_RAW, K_CANON = range(11)
KEY_WORDS = 11

_SPACE, _WORD, _CHARACTER = int(CharClass.SPACE), int(CharClass.WORD), int(CharClass.CHARACTER)
_DROP, _HIDDEN, _MARK = int(CharClass.DROP), int(CharClass.HIDDEN), int(CharClass.MARK)
_EXPAND = int(CharClass.EXPAND)
_LIMIT = TABLE_SIZE


@njit(inline="always")
def _mix64(x):  # type: ignore[no-untyped-def]
    """MurmurHash3's 64-bit finaliser: every input bit reaches every output bit."""
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    return x ^ (x >> np.uint64(33))


@njit(inline="always")
def _mix32(x):  # type: ignore[no-untyped-def]
    """MurmurHash3's 32-bit finaliser, the pre-mix of datasketch's affine32.

    numba widens 32-bit arithmetic to 64 bits, so every product is cut back by hand.
    """
    x = np.uint32(x ^ (x >> np.uint32(16)))
    x = np.uint32(x * np.uint32(0x85EBCA6B))
    x = np.uint32(x ^ (x >> np.uint32(13)))
    x = np.uint32(x * np.uint32(0xC2B2AE35))
    return np.uint32(x ^ (x >> np.uint32(16)))


@njit(inline="always")
def _decode(data, at, end):  # type: ignore[no-untyped-def]
    """Return (code point, bytes used). Arrow strings are valid UTF-8, so no error path."""
    lead = np.uint32(data[at])
    if lead < 0x80:
        return lead, 1
    if lead < 0xE0 and at + 1 < end:
        return (lead & np.uint32(0x1F)) << np.uint32(6) | np.uint32(data[at + 1] & 0x3F), 2
    if lead < 0xF0 and at + 2 < end:
        high = (lead & np.uint32(0x0F)) << np.uint32(12) | np.uint32(data[at + 1] & 0x3F) << np.uint32(6)
        return high | np.uint32(data[at + 2] & 0x3F), 3
    if at + 3 < end:
        high = (lead & np.uint32(0x07)) << np.uint32(18) | np.uint32(data[at + 1] & 0x3F) << np.uint32(12)
        return high | np.uint32(data[at + 2] & 0x3F) << np.uint32(6) | np.uint32(data[at + 3] & 0x3F), 4
    return np.uint32(0xFFFD), 1


@njit(inline="always")
def _classify(code, table):  # type: ignore[no-untyped-def]
    """Return the fold-table entry of a code point; the twin of `FoldTable.fold`."""
    if code < _LIMIT:
        return table[code]
    if np.uint32(0xE0000) <= code < np.uint32(0xE1000):
        return np.uint32(_HIDDEN << 24)
    kind = _CHARACTER if code < np.uint32(0x40000) else _WORD
    return np.uint32(kind << 24) | code


@njit(nogil=True, cache=True)
def tokenise(data, begin, end, table, expansions, keys, hashes, starts, ends, weights):  # type: ignore[no-untyped-def]
    """Fold and tokenise data[begin:end] into the scratch arrays; return (tokens, hidden).

    hashes: keyed uint64 per token. starts, ends: byte offsets of the token. weights: 2 for a
    word, 1 for a character token. hidden: invisible characters that follow a Latin letter.
    """
    seed, factor = keys[K_SEED], keys[K_CHAR]
    count, hidden = 0, 0
    state, in_word, word_start, word_end = seed, False, begin, begin
    after_latin = False
    at = begin
    limit = min(MAX_TOKENS, hashes.size) - 1
    while at < end and count < limit:
        code, used = _decode(data, at, end)
        entry = _classify(code, table)
        parts, offset = 1, 0
        if entry >> np.uint32(24) == _EXPAND:
            offset = np.int64(entry & np.uint32(0xFFFFFF)) + 1
            parts = np.int64(expansions[offset - 1])
        for part in range(parts):
            if offset:
                entry = expansions[offset + part]
            kind = entry >> np.uint32(24)
            folded = entry & np.uint32(0xFFFFFF)
            if kind == _WORD:
                if not in_word:
                    in_word, word_start, state = True, at, seed
                state = (state ^ np.uint64(folded)) * factor
                state ^= state >> np.uint64(29)
                word_end = at + used
                after_latin = folded < np.uint32(0x80)
                continue
            if kind == _DROP:
                continue
            if kind == _HIDDEN:
                hidden += after_latin
                continue
            after_latin = False
            if in_word:
                hashes[count], starts[count], ends[count], weights[count] = (
                    _mix64(state), word_start, word_end, _WORD_WEIGHT,
                )  # fmt: skip
                count += 1
                in_word = False
            if kind == _CHARACTER and count < limit:
                state = (seed ^ np.uint64(folded)) * factor
                state ^= state >> np.uint64(29)
                hashes[count], starts[count], ends[count], weights[count] = (
                    _mix64(state), at, at + used, _CHARACTER_WEIGHT,
                )  # fmt: skip
                count += 1
        at += used
    if in_word and count <= limit:
        hashes[count], starts[count], ends[count], weights[count] = (
            _mix64(state), word_start, word_end, _WORD_WEIGHT,
        )  # fmt: skip
        count += 1
    return count, hidden


@njit(nogil=True, cache=True)
def _visible(data, begin, end, table, expansions, with_marks, out):  # type: ignore[no-untyped-def]
    """Write the folded code points that are not space into `out`; return how many.

    The stream that very short texts are shingled from. Marks count only in a text that has no
    token at all, so that "hello!" and "hello" stay equal but "???" is not empty.
    """
    count, at = 0, begin
    while at < end and count < out.size:
        code, used = _decode(data, at, end)
        entry = _classify(code, table)
        parts, offset = 1, 0
        if entry >> np.uint32(24) == _EXPAND:
            offset = np.int64(entry & np.uint32(0xFFFFFF)) + 1
            parts = np.int64(expansions[offset - 1])
        for part in range(parts):
            if offset:
                entry = expansions[offset + part]
            kind = entry >> np.uint32(24)
            if kind == _WORD or kind == _CHARACTER or (with_marks and kind == _MARK):
                if count < out.size:
                    out[count] = np.uint64(entry & np.uint32(0xFFFFFF))
                    count += 1
        at += used
    return count


@njit(nogil=True, cache=True)
def _shingle(tokens, count, keys, out):  # type: ignore[no-untyped-def]
    """Write the 32-bit keyed hashes of the word shingles; return how many (count >= 2)."""
    if count >= TRIGRAM_TOKENS:
        for i in range(count - 2):
            x = tokens[i] * keys[K_A] + tokens[i + 1] * keys[K_B] + tokens[i + 2] * keys[K_C]
            out[i] = np.uint32(_mix64(x ^ keys[K_TRIGRAM]) >> np.uint64(32))
        return count - 2
    for i in range(count - 1):
        x = tokens[i] * keys[K_A] + tokens[i + 1] * keys[K_B]
        out[i] = np.uint32(_mix64(x ^ keys[K_PAIR]) >> np.uint64(32))
    return count - 1


@njit(nogil=True, cache=True)
def _shingle_characters(codes, count, keys, out):  # type: ignore[no-untyped-def]
    """Write the hashes of four-character shingles and of the whole; return how many (>= 1)."""
    whole = keys[K_SEED]
    for i in range(count):
        whole = _mix64((whole ^ codes[i]) * keys[K_CHAR])
    out[0] = np.uint32(_mix64(whole ^ keys[K_SHORT]) >> np.uint64(32))
    for i in range(count - 3):
        x = codes[i] * keys[K_A] + codes[i + 1] * keys[K_B] + codes[i + 2] * keys[K_C]
        x = _mix64(x) + codes[i + 3] * keys[K_CHAR]
        out[i + 1] = np.uint32(_mix64(x ^ keys[K_SHORT]) >> np.uint64(32))
    return max(count - 2, 1)


@njit(nogil=True, cache=True)
def minima(shingles, count, a, b, row):  # type: ignore[no-untyped-def]
    """Lower `row` (num_perm uint32) to the minima over shingles[:count]; datasketch affine32."""
    for i in range(count):
        h = _mix32(shingles[i])
        for k in range(row.size):
            value = np.uint32(a[k] * h + b[k])
            row[k] = min(row[k], value)


@njit(nogil=True, cache=True)
def _spans(tokens, weights, count, keys, hashes, places):  # type: ignore[no-untyped-def]
    """Write the hash and the first token of every span; return how many.

    A span starting at token i runs until it holds SPAN_WORDS words' weight, so it depends on
    the text after i only, never on the script of the rest.
    """
    base = keys[K_CHAR]
    powers = np.empty(_SPAN_WEIGHT + 1, dtype=np.uint64)
    powers[0] = 1
    for k in range(_SPAN_WEIGHT):
        powers[k + 1] = powers[k] * base
    found, last, weight = 0, 0, 0
    rolling = np.uint64(0)  # hash of tokens[i:last]
    for i in range(count):
        while last < count and weight < _SPAN_WEIGHT:
            rolling = rolling * base + tokens[last]
            weight += weights[last]
            last += 1
        if weight < _SPAN_WEIGHT:
            break
        hashes[found] = _mix64(rolling ^ keys[K_SPAN])
        places[found] = i
        found += 1
        # Drop token i from the front: its coefficient is base ** (last - i - 1).
        weight -= weights[i]
        rolling = rolling - tokens[i] * powers[last - i - 1]
    return found


@njit(nogil=True, cache=True)
def _winnow(hashes, places, count, out_hashes, out_places, at, limit):  # type: ignore[no-untyped-def]
    """Append the winnowed sample of hashes[:count] at `at`; return the new end."""
    if count == 0:
        return at
    chosen = -1
    for left in range(max(count - SPAN_WINDOW + 1, 1)):
        right = min(left + SPAN_WINDOW, count)
        best = left
        for j in range(left + 1, right):
            if hashes[j] <= hashes[best]:  # the rightmost of equals, as MOSS does
                best = j
        if best != chosen and at < limit:
            chosen = best
            out_hashes[at], out_places[at] = hashes[best], places[best]
            at += 1
    return at


@njit(nogil=True, cache=True)
def _raw_hash(data, begin, end, keys):  # type: ignore[no-untyped-def]
    """A keyed 64-bit hash of the raw bytes."""
    x = keys[K_RAW] ^ np.uint64(end - begin)
    at = begin
    while at + 8 <= end:
        word = np.uint64(0)
        for j in range(8):
            word |= np.uint64(data[at + j]) << np.uint64(8 * j)
        x = _mix64(x ^ word) * keys[K_A]
        at += 8
    word = np.uint64(0)
    for j in range(end - at):
        word |= np.uint64(data[at + j]) << np.uint64(8 * j)
    return _mix64((x ^ word) * keys[K_A] + keys[K_RAW])


@njit(nogil=True, cache=True)
def _longest(offsets, first, last):  # type: ignore[no-untyped-def]
    longest = 0
    for row in range(first, last):
        longest = max(longest, offsets[row + 1] - offsets[row])
    return longest


@njit(nogil=True, cache=True)
def shingle_row(data, begin, end, table, expansions, keys, tokens, count, shingles, codes):  # type: ignore[no-untyped-def]
    """Write a text's shingle hashes, whichever way its length asks for; return how many."""
    if count >= PAIR_TOKENS:
        return _shingle(tokens, count, keys, shingles)
    visible = _visible(data, begin, end, table, expansions, count == 0, codes)
    if visible == 0:
        return 0
    return _shingle_characters(codes, visible, keys, shingles)


@njit(nogil=True, parallel=True, cache=True)
def sketch(data, offsets, table, expansions, keys, a, b, blocks):  # type: ignore[no-untyped-def]
    """Fingerprint every row of an Arrow string array given by its two buffers.

    Returns (signatures (n, perms) uint32, raw (n,) uint64, canon (n,) uint64, tokens (n,)
    uint32, hidden (n,) uint32, span hashes, span places, and per block the range of its spans,
    span count per row (n,) uint32). A row without visible text has an all-ones signature.
    """
    n = offsets.size - 1
    signatures = np.empty((n, a.size), dtype=np.uint32)
    raw, canon = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    lengths, hidden = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint32)
    span_counts = np.zeros(n, dtype=np.uint32)
    # A token takes two bytes or more and a row keeps at most a span per token. (Ligatures that
    # expand can exceed it; their surplus spans are dropped.)
    base = offsets[0]
    room = (offsets[n] - base) // 2 + n + 1
    out_hashes, out_places = np.empty(room, dtype=np.uint64), np.empty(room, dtype=np.uint32)
    ranges = np.zeros((blocks, 2), dtype=np.int64)
    for block in prange(blocks):
        first, last = n * block // blocks, n * (block + 1) // blocks
        size = 2 * _longest(offsets, first, last) + 16
        tokens, codes = np.empty(size, dtype=np.uint64), np.empty(size, dtype=np.uint64)
        starts, ends = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
        weights, shingles = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.uint32)
        hashes, places = np.empty(size, dtype=np.uint64), np.empty(size, dtype=np.uint32)
        at = (offsets[first] - base) // 2 + first
        ranges[block, 0] = at
        for row in range(first, last):
            begin, end = offsets[row], offsets[row + 1]
            count, unseen = tokenise(data, begin, end, table, expansions, keys, tokens, starts, ends, weights)
            lengths[row], hidden[row] = count, unseen
            raw[row] = _raw_hash(data, begin, end, keys)
            signature = signatures[row]
            signature[:] = np.uint32(0xFFFFFFFF)
            made = shingle_row(data, begin, end, table, expansions, keys, tokens, count, shingles, codes)
            minima(shingles, made, a, b, signature)
            x = keys[K_CANON]
            for i in range(count):
                x = _mix64((x ^ tokens[i]) * keys[K_A])
            if count == 0 and made > 0:
                x ^= np.uint64(shingles[0])  # the whole-text hash of a text of marks only
            canon[row] = x
            limit = at + (end - begin) // 2 + 1
            found = _spans(tokens, weights, count, keys, hashes, places)
            stop = _winnow(hashes, places, found, out_hashes, out_places, at, limit)
            span_counts[row] = stop - at
            at = stop
        ranges[block, 1] = at
    return signatures, raw, canon, lengths, hidden, out_hashes, out_places, ranges, span_counts
