"""The pieces of a text are those that the tokeniser gives its words, seen before or not."""

import numpy as np
import pytest

from fingerprint import word_pieces
from fingerprint.bulk import load_bulk_encoder
from fingerprint.word_pieces import WordPieces

TEXTS = [
    "Bake bread  at home",
    "",
    " bake\nbread ",
    "没有烤箱怎么在家做面包?" * 9,
    "a´ \u0301b x\u3000y",
    "at home " * 300,
]


@pytest.fixture(scope="module")
def tokens():
    return load_bulk_encoder().words.tokens


def split(found):
    pieces, ends = found
    return [part.tolist() for part in np.split(pieces, ends[:-1])]


@pytest.mark.parametrize(("most", "slots"), [(0, 2), (1, 2), (3, 4), (1 << 18, 1 << 19)])
def test_pieces_are_those_of_the_words_whatever_was_seen_before(tokens, monkeypatch, most, slots):
    monkeypatch.setattr(word_pieces, "_MOST", most)
    monkeypatch.setattr(word_pieces, "_SLOTS", slots)  # all but one taken: words lie behind their places
    words = WordPieces(tokens)
    expected = [[piece for word in text.split(" ") for piece in tokens.encode(word)] for text in TEXTS]
    raw = [text.encode() for text in TEXTS]
    assert split(words(raw)) == expected
    assert split(words(raw[::-1])) == expected[::-1]
    assert split(words(raw)) == expected


def test_pieces_are_those_of_the_whole_text(tokens):
    raw = [text.encode() for text in TEXTS]
    assert split(WordPieces(tokens)(raw)) == [tokens.encode(text) for text in raw]


def test_a_word_of_another_ones_hash_is_not_taken_for_it(tokens):
    words = WordPieces(tokens)
    words([b"bake bread"])
    known = words._known
    half = np.uint64(1 << 32)
    taken = np.flatnonzero(known.slots)
    numbers = known.slots[taken] % half
    known.slots[taken] += numbers[::-1] - numbers  # modulo 2^64
    assert split(words([b"bake bread"])) == [tokens.encode("bake bread")]
