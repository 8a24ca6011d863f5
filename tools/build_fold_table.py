"""Builds fingerprint/fold.npz, the table behind the canonical form.

Run once, by a maintainer, when the rules in `fingerprint/canonical.py` change:

    pip install confusable-homoglyphs==3.3.1
    python tools/build_fold_table.py

The table is committed so that every Python, whatever Unicode version it carries, folds text
the same way; an index stores the table's hash and refuses another one.
"""

from __future__ import annotations

import sys
import unicodedata
from importlib import import_module
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fingerprint.canonical import TABLE_PATH, TABLE_SIZE, CharClass, fold_rules

# Homoglyph folding is limited to scripts that people really type Latin look-alikes with.
CONFUSABLE_SCRIPTS = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "LATIN")


def confusables() -> dict[str, str]:
    """Letters outside ASCII that look like one ASCII letter (Unicode TR39 confusables).

    A look-alike in either case takes its whole case pair along, or capital and small letters
    of one word would part.
    """
    data = import_module("confusable_homoglyphs.confusables").confusables_data
    found: dict[str, str] = {}
    # Capitals first, so that what the small letter looks like wins where the two differ.
    for capitals in (True, False):
        for target in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz":
            for entry in data.get(target, []):
                source = entry["c"]
                if is_letter(source) and (source != source.casefold()) is capitals:
                    found[source.casefold()[:1]] = target.casefold()
    return found


def is_letter(char: str) -> bool:
    """A letter outside ASCII that NFKC leaves alone, in a script that imitates Latin."""
    if len(char) != 1 or ord(char) < 128 or not char.isalpha():
        return False
    script = unicodedata.name(char, "").split()[0]
    return unicodedata.normalize("NFKC", char) == char and script in CONFUSABLE_SCRIPTS


def main() -> None:
    look_alikes = confusables()
    table = np.zeros(TABLE_SIZE, dtype=np.uint32)
    expansions: list[int] = []
    for code in range(TABLE_SIZE):
        if 0xD800 <= code < 0xE000:
            continue
        kind, folded = fold_rules(chr(code), look_alikes)
        if len(folded) <= 1:
            table[code] = int(kind) << 24 | (ord(folded) if folded else 0)
            continue
        table[code] = int(CharClass.EXPAND) << 24 | len(expansions)
        expansions.append(len(folded))
        for char in folded:
            part, single = fold_rules(char, look_alikes)
            expansions.append(int(part) << 24 | ord(single if len(single) == 1 else char))
    # Most code points fold to themselves: against the identity they compress to nothing.
    difference = table ^ np.arange(TABLE_SIZE, dtype=np.uint32)
    np.savez_compressed(TABLE_PATH, difference=difference, expansions=np.array(expansions, dtype=np.uint32))
    print(f"{TABLE_PATH}: {len(expansions)} expansion entries, Unicode {unicodedata.unidata_version}")


if __name__ == "__main__":
    main()
