"""What a template says, apart from what fills it: fixed texts of families, and which of them mean the same.

The vector of a whole prompt is mostly that of its slots, where those are long: two wordings of one
instruction over ever other documents lie as far apart as the documents. So a family's fixed text gets
a vector of its own. Families whose fixed texts are each other's nearest by the bulk encoder, and alike
by the whole one, are wordings of one instruction; each of them may be too small to tell anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders, sorted_distinct
from campaigns.components import components
from campaigns.families import Families
from campaigns.templates import induce, mark
from fingerprint.embedding import BULK_MODEL, WHOLE_MODEL, load_encoder
from indexes.cells import quantised
from indexes.nearest import mutual, neighbours
from indexes.snapshot import Snapshot

Ints = NDArray[np.int64]

NEAR, SAME = 0.6, 0.75  # cosines by the bulk encoder, then by the whole one
_SAMPLE = 8  # prompts of a family that its fixed text is read from
_AT_ONCE = 1000  # families whose prompts are read together
_NEIGHBOURS = 10
_LEAST_TOKENS = 6  # "Answer in French" is said everywhere
_LONGEST = 4000  # letters of a prompt that are looked at


@dataclass(frozen=True)
class FixedTexts:
    """Fixed texts, one of each family that has any. family, prompt: (n,) the family, and its prompt that
    says it in the fewest letters.
    """

    family: Ints
    prompt: Ints
    texts: list[str]

    def of(self, chosen: Ints) -> FixedTexts:
        """Return those of the chosen families."""
        rows = np.flatnonzero(np.isin(self.family, chosen))
        return FixedTexts(self.family[rows], self.prompt[rows], [self.texts[row] for row in rows.tolist()])


def fixed_texts(snapshot: Snapshot, families: Families, senders: Senders, chosen: Ints) -> FixedTexts:
    """Read the fixed texts of the chosen families, none of which is empty."""
    family, prompt, texts = [], [], []
    hasher = snapshot.workspace.hasher
    for some in np.split(chosen, range(_AT_ONCE, len(chosen), _AT_ONCE)):
        samples = [_sample(families.prompts_of(f), senders) for f in some.tolist()]
        read = iter(snapshot.read_prompts(np.concatenate([np.empty(0, np.int64), *samples])))
        for number, sample in zip(some.tolist(), samples, strict=True):
            held = [text[:_LONGEST] for text in islice(read, len(sample))]
            template = induce(held, hasher)
            least = min(range(len(held)), key=lambda i: (len(held[i]), i))
            fixed = " ".join(piece for piece, known in mark(held[least], template, hasher) if known).strip()
            if len(hasher.tokens(fixed)[0]) >= _LEAST_TOKENS:
                family.append(number)
                prompt.append(int(sample[least]))
                texts.append(fixed)
    return FixedTexts(np.array(family, np.int64), np.array(prompt, np.int64), texts)


def alike(
    snapshot: Snapshot,
    families: Families,
    senders: Senders,
    settled: NDArray[np.bool_],
    fixed: FixedTexts | None = None,
) -> Families:
    """Return families of one meaning, each with the prompts of two families of words or more.

    settled: (prompts,) those that words have shown to be a campaign's; families of them are left out.
    fixed: the fixed texts of all families, where they have been read. None in an index without texts or bulk
    vectors.
    """
    manifest = snapshot.workspace.manifest
    none = Families(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, "U8"))
    if not manifest.with_text or all(one.model != BULK_MODEL for one in manifest.vectors):
        return none
    size = np.bincount(families.family, minlength=families.size)
    known = np.bincount(families.family, settled[families.prompt], families.size)
    chosen = np.flatnonzero((size > 0) & (2 * known < size))
    read = fixed_texts(snapshot, families, senders, chosen) if fixed is None else fixed.of(chosen)
    if not read.texts:
        return none
    texts, which = np.unique(read.texts, return_inverse=True)
    meaning = components(len(texts), same_meaning(texts.tolist()))[which]
    label = np.full(families.size, -1)
    label[read.family] = meaning
    several = np.bincount(np.unique(np.stack([meaning, which]), axis=1)[0], minlength=len(texts)) > 1
    member = (label[families.family] >= 0) & several[label[families.family]] & ~settled[families.prompt]
    total = np.int64(max(len(settled), 1))
    pairs = sorted_distinct(label[families.family[member]] * total + families.prompt[member])
    group, prompt = np.divmod(pairs, total)
    names, number = np.unique(group, return_inverse=True)
    return Families(number.astype(np.int64), prompt, np.full(len(names), "semantic"))


def same_meaning(texts: list[str]) -> Ints:
    """Return the (m, 2) pairs of different texts that say the same."""
    if len(texts) < 2:
        return np.empty((0, 2), dtype=np.int64)
    codes = quantised(load_encoder(BULK_MODEL).encode(texts))
    left, right = mutual(*neighbours(codes.__getitem__, len(texts), _NEIGHBOURS), NEAR)
    asked, row = np.unique(np.stack([left, right]), return_inverse=True)
    if not len(asked):
        return np.empty((0, 2), dtype=np.int64)
    vectors = load_encoder(WHOLE_MODEL).encode([texts[i] for i in asked])[row.reshape(2, -1)]
    return np.asarray(np.stack([left, right], axis=1)[np.einsum("nd,nd->n", *vectors) >= SAME])


def _sample(prompts: Ints, senders: Senders) -> Ints:
    """Return some prompts of a family, of different accounts where it can be, evenly chosen."""
    known = prompts[senders.count[prompts] > 0]
    firsts = known[np.unique(senders.accounts[senders.first[known]], return_index=True)[1]]
    mine = np.sort(firsts) if len(firsts) > 1 else prompts
    return np.asarray(mine[np.unique(np.linspace(0, len(mine) - 1, _SAMPLE).astype(np.int64))])
