"""The canonical form: worked examples, what must not change it, and the committed table against Unicode."""

import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingerprint.canonical import TABLE_SIZE, CharClass, canonical, fold_rules, fold_table, tokens

DIGEST = "b0cbe4162a17852ce41f2f2ab59e98652a763dec2699f86a2f8ca792928401d9"
UNICODE = "14.0.0"  # of the Python that built fold.npz

# Written out here, so that a character lost from the module's own list is missed.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c"
    "\u202d\u202e\u2060\u2061\u2064\u2066\u2067\u2068\u2069\u206f\u3164\ufe00\ufe0f\ufeff\uffa0"
    "\x00\x07\x7f\x80\ufff9\U0001bca0\U0001d173\U000e0001\U000e0020\U000e0061\U000e007f\U000e0100"
)


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Ｇｒａｄｅ　ｔｈｅ ＡＮＳＷＥＲ１", ["grade", "the", "answer1"], id="fullwidth"),
        pytest.param("pro\u200bmpt\u2060s \ufeffhere", ["prompts", "here"], id="zero-width"),
        pytest.param("ex\u00adplain\u00ad", ["explain"], id="soft hyphen"),
        pytest.param("safe\U000e0068\U000e0069 text", ["safe", "text"], id="tag characters"),
        pytest.param("\u202eabc\u202c d\u2066e\u2069f", ["abc", "def"], id="bidi controls"),
        pytest.param("Ѕсоrе thе аnѕwеr", ["score", "the", "answer"], id="Cyrillic look-alikes"),
        pytest.param("αct οf κονα", ["act", "of", "kova"], id="Greek look-alikes"),
        pytest.param("ᖇate", ["ᖇate"], id="only named scripts imitate Latin"),
        pytest.param("café cafe\u0301 Đà Nẵng", ["cafe", "cafe", "đa", "nang"], id="accents"),
        pytest.param("z\u0301\u0327a\u0330\u0311\u0353lgo", ["zalgo"], id="stacked accents"),
        pytest.param("模型answer回答", ["模", "型", "answer", "回", "答"], id="Han"),
        pytest.param("カタカナ ひらがな", list("カタカナひらかな"), id="kana"),
        pytest.param("ｶﾅ", ["カ", "ナ"], id="halfwidth kana"),
        pytest.param("สวัสดี", list("สวัสดี"), id="Thai"),
        pytest.param("नमस्ते दुनिया", ["नमस्ते", "दुनिया"], id="Hindi words"),
        pytest.param("안녕 세계!", [decomposed("안녕"), decomposed("세계")], id="Korean words"),
        pytest.param("مرحبا بالعالم", ["مرحبا", "بالعالم"], id="Arabic words"),
        pytest.param("ﬁne oﬃce Ĳ", ["fine", "office", "ij"], id="ligatures"),
        pytest.param("㌖ ㍿", list("キロメートル株式会社"), id="squared words"),
        pytest.param("x⑴y", ["x", "1", "y"], id="an expansion with marks in it"),
        pytest.param("STRASSE Straße STRAẞE", ["strasse"] * 3, id="sharp s"),
        pytest.param("ΛΌΓΟΣ λόγος", ["λoyoo"] * 2, id="final sigma"),
        pytest.param("𝐆𝐫𝐚𝐝𝐞 𝓲𝓽 Ⓐ", ["grade", "it", "a"], id="mathematical letters"),
        pytest.param("go👍🏽go 🇫🇷 ❤\ufe0f", ["go", "go"], id="emoji part words and are none"),
        pytest.param("a👩\u200d🔬b", ["a", "b"], id="joined emoji"),
        pytest.param("snake_case x2 don't", ["snake_case", "x2", "don", "t"], id="words"),
        pytest.param("x² ½ Ⅷ", ["x2", "1", "2", "viii"], id="numbers in other dress"),
        pytest.param("a\u3000b\u00a0c\u2028d\te\nf", list("abcdef"), id="every space"),
        pytest.param("\U00030000\U000f0000", ["\U00030000", "\U000f0000"], id="beyond the table"),
        pytest.param("!?—…", [], id="marks alone"),
        pytest.param("", [], id="empty"),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == expected


def test_canonical_joins_the_tokens_by_single_spaces():
    assert canonical("  Grade --\n THE\tanswer. ") == "grade the answer"


@given(st.text())
def test_canonical_is_idempotent(text):
    assert canonical(canonical(text)) == canonical(text)


def test_what_a_character_folds_to_folds_to_itself():
    """Over the whole table, which makes every text's canonical form idempotent."""
    table = fold_table()
    for code in range(TABLE_SIZE):
        for kind, folded in table.fold(chr(code)):
            if kind in (CharClass.WORD, CharClass.CHARACTER):
                assert table.fold(chr(folded)) == [(kind, folded)], hex(code)


@given(st.text(), st.lists(st.tuples(st.integers(0, 40), st.sampled_from(INVISIBLE)), min_size=1))
def test_invisible_characters_do_not_matter(text, inserted):
    spiked = text
    for place, char in inserted:
        spiked = spiked[:place] + char + spiked[place:]
    assert tokens(spiked) == tokens(text)


@pytest.mark.parametrize("char", INVISIBLE, ids=ascii)
def test_each_invisible_character_leaves_words_whole(char):
    assert tokens(f"pro{char}mpt") == ["prompt"]


@pytest.mark.parametrize("mark", "\u0301\u036f\u0489\u1ab0\u1dc4\u20d7\u20dd\ufe20", ids=ascii)
def test_combining_marks_fold_away(mark):
    assert tokens(f"pro{mark}mpt") == ["prompt"]


def without_iota_subscript(text: str) -> str:
    """In capitals this one accent is a letter (ᾳ is ΑΙ), alone it decomposes to a space and itself."""
    return "".join(char for char in text if "\u0345" not in unicodedata.normalize("NFKD", char))


@given(st.text())
def test_case_does_not_matter(text):
    text = without_iota_subscript(text)
    assert tokens(text.upper()) == tokens(text.lower()) == tokens(text.title()) == tokens(text)


_ACCENTED = st.text(
    st.sampled_from("aąeEüộśиЙїαώ한국ㅎガがは") | st.characters(categories=["Mn"], max_codepoint=0x36F)
)


@given(st.text() | _ACCENTED)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_composed_and_decomposed_spellings_are_one(form, text):
    text = without_iota_subscript(text)
    assert tokens(unicodedata.normalize(form, text)) == tokens(text)


def test_every_character_is_its_decomposition():
    for code in range(0x110000):
        whole = chr(code)
        parts = unicodedata.normalize("NFKD", whole)
        if parts != whole:
            assert tokens(parts) == tokens(whole), hex(code)


@pytest.mark.parametrize(
    "text",
    ["\u0645\u062d\u0645\u0651\u064e\u062f", "\u05e9\u05c1\u05b8\u05dc\u05d5\u05dd"],
    ids=["Arabic", "Hebrew"],
)
def test_the_order_of_vowel_marks_does_not_matter(text):
    """People type the consonant's mark first; NFC puts it last."""
    assert unicodedata.normalize("NFC", text) != text
    assert tokens(unicodedata.normalize("NFC", text)) == tokens(text)


@pytest.mark.parametrize("char", "іІїιΙ", ids=ascii)
def test_look_alikes_of_the_letter_i(char):
    """Cyrillic and Greek; the capitals also look like l."""
    assert tokens(f"{char}gnore") == ["ignore"]


# The committed table against the rules and this Python's Unicode.


def test_the_table_is_the_one_that_indexes_were_made_with():
    """A change here makes every existing index unreadable: bump Settings.version knowingly."""
    assert fold_table().digest == DIGEST


@cache
def look_alikes():
    """The table's own look-alikes: letters whose rule leaves them alone and whose entry is ASCII."""
    found = {}
    for code in assigned():
        (kind, folded), *more = fold_table().fold(chr(code))
        if code >= 128 and not more and folded < 128 and fold_rules(chr(code), {}) == (kind, chr(code)):
            found[chr(code)] = chr(folded)
    return found


@cache
def assigned():
    """Code points known to this Python; where its Unicode is newer, those the table knew."""
    table, same = fold_table(), unicodedata.unidata_version == UNICODE
    return [
        code
        for code in range(TABLE_SIZE)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")
        and (same or table.fold(chr(code)) != [(CharClass.SPACE, code)])
    ]


def test_the_table_follows_the_rules_for_every_assigned_character():
    table, alike = fold_table(), look_alikes()
    wrong = []
    for code in assigned():
        kind, folded = fold_rules(chr(code), alike)
        parts = [fold_rules(char, alike) for char in folded] if kind is CharClass.EXPAND else [(kind, folded)]
        expected = [(part, ord(char) if char else 0) for part, char in parts]
        if table.fold(chr(code)) != expected:
            wrong.append((hex(code), expected, table.fold(chr(code))))
    assert len(assigned()) > 140_000
    assert wrong == []


def test_look_alikes_are_letters_of_the_named_scripts():
    """Anything else that the table turned into ASCII would pass for a look-alike above."""
    scripts = {unicodedata.name(char).split()[0] for char in look_alikes()}
    assert scripts == {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "LATIN"}
    assert 100 < len(look_alikes()) < 200
    assert all(target.isalpha() and target.islower() for target in look_alikes().values())
