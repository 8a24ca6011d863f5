"""From UTF-8 bytes to signatures and spans, a whole Arrow batch at a time.

The way of one text, in one thread, without a Python object:

    bytes ── fold table ──▶ tokens (a keyed 64-bit hash each)
                              ├─▶ shingles of 3 words ──▶ 128 minima       (whole-text likeness)
                              └─▶ spans of 6 words ──▶ winnowed sample     (shared fixed text)

Shingle hashes are keyed because a public hash lets an attacker choose the similarity of two
texts. The minima are datasketch's `affine32` (MinHash, Broder 1997): the 32-bit shingle hash is
mixed once, then min over shingles of a·h + b mod 2^32. Spans are winnowed as in MOSS
(Schleimer, Wilkerson, Aiken 2003, section 3): of every window of consecutive span hashes the
least is kept, so two texts that share a run of SPAN_WORDS + window - 1 words always share a
span. Long texts have the wider window, as they hold most of the spans of a log. The least of a
wide window is the least of every narrow one around it: a phrase's sample in a long text is part
of its sample in a short one, and the guarantee between the two is that of the wide window.

Rows are cut into blocks; threads take blocks; each block has scratch of its own. Loops over
tokens are written so that LLVM makes vector code of them; the three that it would not see
through are in `lanes.py`. docs/kernel.md tells where the time goes.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from fingerprint.canonical import TABLE_SIZE, CharClass
from fingerprint.lanes import LANES, TILE, fold_ascii, lower_tile
from promptlog.blocks.words import load64, store64, trailing_zeros

SPAN_WORDS = 6
SPAN_WINDOW = 3
LONG_SPAN_WINDOW = 7
LONG_TOKENS = 256  # a text of more tokens is winnowed with the long window
# A character of an unsegmented script carries about half a word.
_WORD_WEIGHT, _CHARACTER_WEIGHT = 2, 1
_SPAN_WEIGHT = SPAN_WORDS * _WORD_WEIGHT  # also the most tokens that a span can have

TRIGRAM_TOKENS = 20  # below this many tokens, shingles are pairs of words
PAIR_TOKENS = 5  # below this many, they are four characters, and the whole text
MAX_TOKENS = 1 << 20  # a text's fingerprint is that of its first million tokens

# Positions in the key vector (uint64), see `minhash.derive_constants`.
K_SEED, K_CHAR, K_A, K_B, K_C, K_TRIGRAM, K_PAIR, K_SHORT, K_SPAN, K_CANON = range(10)
KEY_WORDS = 10

_SPACE, _WORD, _CHARACTER = int(CharClass.SPACE), int(CharClass.WORD), int(CharClass.CHARACTER)
_DROP, _HIDDEN, _MARK = int(CharClass.DROP), int(CharClass.HIDDEN), int(CharClass.MARK)
_EXPAND = int(CharClass.EXPAND)
_LIMIT = TABLE_SIZE
_MARGIN = LONG_SPAN_WINDOW - 1
BLOCK_BYTES = 2 * LANES + 8  # folded bytes, room for eight more, and bytes to fold
SLACK = 2 * LANES  # what one step of the tokeniser, or margins, can need beyond a text's tokens
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_HIGH_BITS = np.uint64(0x8080808080808080)


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
def _next_bytes(data, at, end):  # type: ignore[no-untyped-def]
    """The next eight bytes, the first one lowest; zeros past the end."""
    if at + 8 <= end:
        return load64(data, at)
    word = np.uint64(0)
    for j in range(end - at):
        word |= np.uint64(data[at + j]) << np.uint64(8 * j)
    return word


@njit(inline="always")
def _decode(word):  # type: ignore[no-untyped-def]
    """Return (code point, bytes used). Arrow strings are valid UTF-8, so no error path."""
    one, two = np.uint32(word) & np.uint32(0xFF), np.uint32(word >> np.uint64(8)) & np.uint32(0x3F)
    if one < 0x80:
        return one, 1
    if one < 0xE0:
        return (one & np.uint32(0x1F)) << np.uint32(6) | two, 2
    three = np.uint32(word >> np.uint64(16)) & np.uint32(0x3F)
    if one < 0xF0:
        return (one & np.uint32(0x0F)) << np.uint32(12) | two << np.uint32(6) | three, 3
    four = np.uint32(word >> np.uint64(24)) & np.uint32(0x3F)
    high = (one & np.uint32(0x07)) << np.uint32(18) | two << np.uint32(12)
    return high | three << np.uint32(6) | four, 4


@njit(inline="always")
def _classify(code, table):  # type: ignore[no-untyped-def]
    """Return the fold-table entry of a code point; the twin of `FoldTable.fold`."""
    if code < _LIMIT:
        return table[code]
    if np.uint32(0xE0000) <= code < np.uint32(0xE1000):
        return np.uint32(_HIDDEN << 24)
    kind = _CHARACTER if code < np.uint32(0x40000) else _WORD
    return np.uint32(kind << 24) | code


@njit(inline="always")
def _bytes_of(code):  # type: ignore[no-untyped-def]
    """Return (a folded code point as bytes, first byte lowest, how many).

    ASCII is one byte, as `fold_ascii` leaves it; all else is three, of which the first alone
    tells that it is no ASCII. Two token hashes can meet by chance, never by two ways to read
    the same bytes.
    """
    plain = code < 0x80
    wide = np.uint64(0x80) | np.uint64(code >> 16) | np.uint64(code & 0xFFFF) << np.uint64(8)
    return np.uint64(code) if plain else wide, 1 if plain else 3


@njit(inline="always")
def _step(state, word, keys):  # type: ignore[no-untyped-def]
    """A token's hash takes in eight more of its folded bytes, the last of them padded with zeros."""
    return _mix64(state ^ word) * keys[K_CHAR]


@njit(inline="always")
def _first_bytes(word, count):  # type: ignore[no-untyped-def]
    """The low `count` (1 to 8) bytes of a word."""
    return word & (_ALL >> np.uint64(64 - 8 * count))


@njit(inline="always")
def _absorb(state, pending, filled, more, count, keys):  # type: ignore[no-untyped-def]
    """Append `count` (1 to 8) bytes to a token of which `filled` (0 to 7) wait in `pending`."""
    pending |= more << np.uint64(8 * filled)
    filled += count
    if filled < 8:
        return state, pending, filled
    filled -= 8
    rest = more >> np.uint64(8 * (count - filled)) if filled else np.uint64(0)
    return _step(state, pending, keys), rest, filled


@njit(inline="always")
def _absorb_all(state, pending, filled, block, start, stop, keys):  # type: ignore[no-untyped-def]
    """Append block[start:stop] to the word in progress."""
    for j in range(start, stop, 8):
        size = min(8, stop - j)
        more = _first_bytes(load64(block, j), size)
        state, pending, filled = _absorb(state, pending, filled, more, size, keys)
    return state, pending, filled


@njit(nogil=True, cache=True, inline="always")
def _imitates_latin(code, folded):  # type: ignore[no-untyped-def]
    """Return whether a letter that folds to a Latin one is Greek, Cyrillic or Armenian itself."""
    return folded < np.uint32(0x80) and code >= 0x370 and code < 0x590


@njit(nogil=True, cache=True)
def tokenise(data, begin, end, table, expansions, keys, hashes, weights, extents, block):  # type: ignore[no-untyped-def]
    """Fold and tokenise data[begin:end] into the scratch arrays; return (tokens, hidden).

    hashes: keyed uint64 per token. weights: 2 for a word, 1 for a character token. extents:
    (size, 2) int64, byte offsets of the token's start and end, or None. hidden: invisible
    characters, and look-alikes from another alphabet, that follow a Latin letter. block: scratch
    of BLOCK_BYTES.

    A token's hash is that of its folded characters, however they were spelt. Runs of plain
    ASCII go LANES bytes at a time, by masks; runs of one script in tight loops; what is left
    goes character by character through the table.
    """
    seed = keys[K_SEED]
    count, hidden = 0, 0
    # The word in progress: hash so far, bytes that wait for a full eight, and its extent.
    in_word, state, pending, filled, word_start, word_end = False, seed, np.uint64(0), 0, begin, begin
    after_latin = False
    at = begin
    limit = min(MAX_TOKENS, hashes.size - SLACK)
    while at < end and count < limit:
        if at + LANES <= data.size:
            word, strange = fold_ascii(data, at, block)
        else:
            for j in range(data.size - at):
                block[LANES + 8 + j] = data[at + j]
            word, strange = fold_ascii(block, LANES + 8, block)
        plain = min(trailing_zeros(strange), end - at)
        if plain > 0:
            inside = _ALL >> np.uint64(64 - plain)
            word &= inside
            before = word << np.uint64(1) | np.uint64(in_word)
            opens, closes = word & ~before, before & ~word & inside
            if in_word:
                stop = min(trailing_zeros(closes), plain)
                state, pending, filled = _absorb_all(state, pending, filled, block, 0, stop, keys)
                if stop > 0:
                    word_end = at + stop
                if closes:
                    closes &= closes - np.uint64(1)
                    hashes[count] = _step(state, pending, keys) if filled else state
                    weights[count] = _WORD_WEIGHT
                    if extents is not None:
                        extents[count, 0], extents[count, 1] = word_start, word_end
                    count += 1
                    in_word = False
            while closes:
                start, stop = trailing_zeros(opens), trailing_zeros(closes)
                weights[count] = _WORD_WEIGHT
                if extents is not None:
                    extents[count, 0], extents[count, 1] = at + start, at + stop
                opens &= opens - np.uint64(1)
                closes &= closes - np.uint64(1)
                state = seed
                while stop - start > 8:
                    state = _step(state, load64(block, start), keys)
                    start += 8
                hashes[count] = _step(state, _first_bytes(load64(block, start), stop - start), keys)
                count += 1
            if opens:
                start = trailing_zeros(opens)
                in_word, state, pending, filled = True, seed, np.uint64(0), 0
                word_start, word_end = at + start, at + plain
                state, pending, filled = _absorb_all(state, pending, filled, block, start, plain, keys)
            after_latin = (word >> np.uint64(plain - 1)) != 0
            at += plain
            if plain == LANES:
                continue
        strange_at = at
        while at < end and count < limit:
            ahead = _next_bytes(data, at, end)
            if ahead & _HIGH_BITS == 0 and at > strange_at:
                break
            code, used = _decode(ahead)
            # A run of characters that are tokens by themselves.
            while used == 3 and not in_word and at + 8 <= end and count < limit:
                entry = table[code]
                if entry >> np.uint32(24) != _CHARACTER:
                    break
                more, _ = _bytes_of(entry & np.uint32(0xFFFFFF))
                hashes[count] = _step(seed, more, keys)
                weights[count] = _CHARACTER_WEIGHT
                if extents is not None:
                    extents[count, 0], extents[count, 1] = at, at + 3
                count += 1
                after_latin = False
                at += 3
                code, used = _decode(_next_bytes(data, at, end))
            # A run of letters, folded before they are hashed.
            size, start = 0, at
            while (used == 2 or used == 3) and at + 8 <= end and size < LANES:
                entry = table[code]
                if entry >> np.uint32(24) != _WORD:
                    break
                folded = entry & np.uint32(0xFFFFFF)
                imitates = _imitates_latin(code, folded)
                hidden += after_latin and imitates
                after_latin = folded < np.uint32(0x80) and not imitates
                more, width = _bytes_of(folded)
                store64(block, size, more)
                size += width
                at += used
                code, used = _decode(_next_bytes(data, at, end))
            if size > 0:
                if not in_word:
                    in_word, state, pending, filled, word_start = True, seed, np.uint64(0), 0, start
                state, pending, filled = _absorb_all(state, pending, filled, block, 0, size, keys)
                word_end = at
            if at >= end or count >= limit:
                break
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
                        in_word, state, pending, filled = True, seed, np.uint64(0), 0
                        word_start = at
                    more, size = _bytes_of(folded)
                    state, pending, filled = _absorb(state, pending, filled, more, size, keys)
                    word_end = at + used
                    imitates = _imitates_latin(code, folded)
                    hidden += after_latin and imitates
                    after_latin = folded < np.uint32(0x80) and not imitates
                    continue
                if kind == _DROP:
                    continue
                if kind == _HIDDEN:
                    hidden += after_latin
                    continue
                after_latin = False
                if in_word:
                    hashes[count] = _step(state, pending, keys) if filled else state
                    weights[count] = _WORD_WEIGHT
                    if extents is not None:
                        extents[count, 0], extents[count, 1] = word_start, word_end
                    count += 1
                    in_word = False
                if kind == _CHARACTER:
                    more, _ = _bytes_of(folded)
                    hashes[count] = _step(seed, more, keys)
                    weights[count] = _CHARACTER_WEIGHT
                    if extents is not None:
                        extents[count, 0], extents[count, 1] = at, at + used
                    count += 1
            at += used
    if in_word:
        hashes[count] = _step(state, pending, keys) if filled else state
        weights[count] = _WORD_WEIGHT
        if extents is not None:
            extents[count, 0], extents[count, 1] = word_start, word_end
        count += 1
    return min(count, limit), hidden


@njit(nogil=True, cache=True)
def _visible(data, begin, end, table, expansions, with_marks, out):  # type: ignore[no-untyped-def]
    """Write the folded code points that are not space into `out`; return how many.

    The stream that very short texts are shingled from. Marks count only in a text that has no
    token at all, so that "hello!" and "hello" stay equal but "???" is not empty.
    """
    count, at = 0, begin
    while at < end and count < out.size:
        code, used = _decode(_next_bytes(data, at, end))
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
def minima(shingles, count, mixed, a, b, row):  # type: ignore[no-untyped-def]
    """Lower `row` (num_perm uint32) to the minima over shingles[:count]; datasketch affine32.

    mixed: scratch of `count` uint32. A tile of the row stays in registers for all shingles.
    """
    for i in range(count):
        mixed[i] = _mix32(shingles[i])
    tiled = row.size // TILE * TILE
    for first in range(0, tiled, TILE):
        lower_tile(mixed, count, a, b, row, first)
    for k in range(tiled, row.size):
        for i in range(count):
            row[k] = min(row[k], np.uint32(a[k] * mixed[i] + b[k]))


@njit(nogil=True, cache=True)
def _canonical(tokens, count, keys):  # type: ignore[no-untyped-def]
    """A hash of the token sequence: a sum, which needs no order of evaluation, of hashes that
    each depend on the token and on its place.
    """
    total = keys[K_CANON] * np.uint64(count)
    for i in range(count):
        total += _mix64(tokens[i] ^ (keys[K_CANON] + np.uint64(i) * keys[K_A]))
    return _mix64(total)


@njit(nogil=True, cache=True)
def _spans(tokens, weights, count, keys, pairs, hashes):  # type: ignore[no-untyped-def]
    """Write the hash of the span that starts at each token, as far as there is one; return how many.

    A span starting at token i runs until it holds SPAN_WORDS words' weight, so it depends on
    the text after i only, never on the script of the rest. Its hash is a polynomial in a secret
    base (Karp and Rabin 1987). Where all tokens are words, or all characters, all spans have
    one length and are built from pairs; otherwise two ends roll along.

    hashes: with _MARGIN places before the first and after the last that are set to zero here.
    """
    base = keys[K_CHAR]
    total = np.int64(0)
    for i in range(count):
        total += weights[i]
    if total < _SPAN_WEIGHT:
        return 0
    found = 0
    if total == count * _WORD_WEIGHT or total == count * _CHARACTER_WEIGHT:
        square = base * base
        fourth = square * square
        for i in range(count - 1):
            pairs[i] = tokens[i] * base + tokens[i + 1]
        if total == count * _WORD_WEIGHT:
            found = count - 5
            for i in range(found):
                x = pairs[i] * fourth + pairs[i + 2] * square + pairs[i + 4]
                hashes[i + _MARGIN] = _mix64(x ^ keys[K_SPAN])
        else:
            found = count - 11
            sixth = fourth * square
            for i in range(found):
                x = pairs[i] * fourth + pairs[i + 2] * square + pairs[i + 4]
                y = pairs[i + 6] * fourth + pairs[i + 8] * square + pairs[i + 10]
                hashes[i + _MARGIN] = _mix64((x * sixth + y) ^ keys[K_SPAN])
    else:
        powers = np.empty(_SPAN_WEIGHT + 1, dtype=np.uint64)
        powers[0] = 1
        for k in range(_SPAN_WEIGHT):
            powers[k + 1] = powers[k] * base
        last, weight = 0, 0
        rolling = np.uint64(0)  # hash of tokens[found:last]
        while True:
            while last < count and weight < _SPAN_WEIGHT:
                rolling = rolling * base + tokens[last]
                weight += weights[last]
                last += 1
            if weight < _SPAN_WEIGHT:
                break
            hashes[found + _MARGIN] = _mix64(rolling ^ keys[K_SPAN])
            # Drop the first token: its coefficient is base ** (last - found - 1).
            weight -= weights[found]
            rolling -= tokens[found] * powers[last - found - 1]
            found += 1
    hashes[:_MARGIN] = 0
    hashes[found + _MARGIN : found + 2 * _MARGIN] = 0
    return found


@njit(nogil=True, cache=True)
def _winnow(hashes, count, long, kept, places):  # type: ignore[no-untyped-def]
    """Write the places of the winnowed sample of hashes[_MARGIN:][:count]; return how many.

    A hash is the least of some window, the rightmost of equals as MOSS has it, when `a` hashes
    before it are not less and window - 1 - a after it are greater, for some a. Beyond either
    end lie zeros, which no hash is greater than. Written without a branch, as which hash is the
    least cannot be predicted.
    """
    window = LONG_SPAN_WINDOW if long else SPAN_WINDOW
    if count < window:
        best = 0
        for i in range(1, count):
            if hashes[i + _MARGIN] <= hashes[best + _MARGIN]:
                best = i
        places[0] = best
        return min(count, 1)
    if long:
        for i in range(count):
            x = hashes[i + 6]
            b1 = hashes[i + 5] >= x
            b2 = b1 & (hashes[i + 4] >= x)
            b3 = b2 & (hashes[i + 3] >= x)
            b4 = b3 & (hashes[i + 2] >= x)
            b5 = b4 & (hashes[i + 1] >= x)
            b6 = b5 & (hashes[i] >= x)
            a1 = hashes[i + 7] > x
            a2 = a1 & (hashes[i + 8] > x)
            a3 = a2 & (hashes[i + 9] > x)
            a4 = a3 & (hashes[i + 10] > x)
            a5 = a4 & (hashes[i + 11] > x)
            a6 = a5 & (hashes[i + 12] > x)
            kept[i] = b6 | (b5 & a1) | (b4 & a2) | (b3 & a3) | (b2 & a4) | (b1 & a5) | a6
    else:
        for i in range(count):
            x = hashes[i + 6]
            before, after = hashes[i + 5] >= x, hashes[i + 7] > x
            kept[i] = (before & after) | (before & (hashes[i + 4] >= x)) | (after & (hashes[i + 8] > x))
    found = 0
    for i in range(count):
        places[found] = i
        found += kept[i]
    return found


@njit(nogil=True, cache=True)
def room_for(longest):  # type: ignore[no-untyped-def]
    """Return the size of scratch arrays for texts of up to `longest` bytes.

    No character has more tokens for its bytes than ㌖, 6 of 3.
    """
    return min(2 * longest, MAX_TOKENS) + SLACK


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


@njit(nogil=True, cache=True)
def _outputs(offsets, permutations):  # type: ignore[no-untyped-def]
    """Return what `sketch` fills: see there."""
    n = offsets.size - 1
    # A token takes two bytes or more and a row keeps at most a span per token. (Ligatures that
    # expand can exceed it; their surplus spans are dropped.)
    room = (offsets[n] - offsets[0]) // 2 + n + 1
    return (
        np.empty((n, permutations), dtype=np.uint32),
        np.empty(n, dtype=np.uint64),
        np.empty(n, dtype=np.uint32),
        np.empty(n, dtype=np.uint32),
        np.empty(room, dtype=np.uint64),
        np.empty(room, dtype=np.uint32),
        np.zeros(n, dtype=np.uint32),
    )


@njit(nogil=True, cache=True)
def _sketch_rows(first, last, data, offsets, table, expansions, keys, a, b, outputs):  # type: ignore[no-untyped-def]
    """Fingerprint some rows; return where their spans begin and end."""
    signatures, canon, lengths, hidden, out_hashes, out_places, span_counts = outputs
    size = room_for(_longest(offsets, first, last))
    tokens, codes, hashes = np.empty(size, np.uint64), np.empty(size, np.uint64), np.empty(size, np.uint64)
    shingles, mixed = np.empty(size, dtype=np.uint32), np.empty(size, dtype=np.uint32)
    weights, kept = np.empty(size, dtype=np.uint8), np.empty(size, dtype=np.uint8)
    places, letters = np.empty(size, dtype=np.uint32), np.empty(BLOCK_BYTES, dtype=np.uint8)
    start = (offsets[first] - offsets[0]) // 2 + first
    at = start
    for row in range(first, last):
        begin, end = offsets[row], offsets[row + 1]
        count, unseen = tokenise(data, begin, end, table, expansions, keys, tokens, weights, None, letters)
        lengths[row], hidden[row] = count, unseen
        signature = signatures[row]
        signature[:] = np.uint32(0xFFFFFFFF)
        made = shingle_row(data, begin, end, table, expansions, keys, tokens, count, shingles, codes)
        minima(shingles, made, mixed, a, b, signature)
        canon[row] = _canonical(tokens, count, keys)
        if count == 0 and made > 0:
            canon[row] ^= np.uint64(shingles[0])  # the whole-text hash of a text of marks only
        found = _spans(tokens, weights, count, keys, codes, hashes)
        found = _winnow(hashes, found, count > LONG_TOKENS, kept, places)
        found = min(found, (end - begin) // 2 + 1)
        for j in range(found):
            out_places[at + j] = places[j]
            out_hashes[at + j] = hashes[places[j] + _MARGIN]
        span_counts[row] = found
        at += found
    return start, at


@njit(nogil=True, parallel=True, cache=True)
def sketch(data, offsets, table, expansions, keys, a, b, blocks):  # type: ignore[no-untyped-def]
    """Fingerprint every row of an Arrow string array given by its two buffers.

    Returns (signatures (n, perms) uint32, canon (n,) uint64, tokens (n,) uint32, hidden (n,)
    uint32, span hashes, span places, span count per row (n,) uint32), and (blocks, 2): where the
    spans of each block of rows begin and end. A row without visible text has an all-ones signature.
    """
    n = offsets.size - 1
    outputs = _outputs(offsets, a.size)
    ranges = np.zeros((blocks, 2), dtype=np.int64)
    for block in prange(blocks):
        first, last = n * block // blocks, n * (block + 1) // blocks
        ranges[block, 0], ranges[block, 1] = _sketch_rows(
            first, last, data, offsets, table, expansions, keys, a, b, outputs
        )
    return outputs, ranges


@njit(nogil=True, cache=True)
def sketch_here(data, offsets, table, expansions, keys, a, b):  # type: ignore[no-untyped-def]
    """Do what `sketch` does in one block, in this thread: for a text, waking others takes longer."""
    outputs = _outputs(offsets, a.size)
    start, end = _sketch_rows(0, offsets.size - 1, data, offsets, table, expansions, keys, a, b, outputs)
    return outputs, np.array([[start, end]])
