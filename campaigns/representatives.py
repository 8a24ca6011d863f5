"""One prompt to stand for each near-copy cluster: what is worth an embedding.

A transformer reads some dozens of prompts a second, a log has millions; near copies mean the
same, and a prompt that one account sent alone is no template.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.fixed import FixedTexts
from campaigns.gather import near_copies
from campaigns.kept import fixed_texts_of, ground_of
from indexes.snapshot import Snapshot


def representatives(snapshot: Snapshot, *, min_accounts: int) -> NDArray[np.int64]:
    """Return the least prompt of every cluster that enough accounts share, ascending.

    min_accounts 1 gives every cluster. Prompts that show nothing are left out.
    """
    label, cluster = np.unique(near_copies(snapshot), return_inverse=True)
    senders = Senders.of(snapshot.requests, len(snapshot.text_of))
    accounts = senders.distinct(cluster, np.arange(len(cluster)), len(label))
    return np.asarray(label[(accounts >= min_accounts) & (snapshot.tokens[label] > 0)])


def template_texts(snapshot: Snapshot) -> FixedTexts:
    """Return the fixed texts of the families that shared words make, each once: pieces of a template
    are families of their own, with one text.
    """
    found = fixed_texts_of(ground_of(snapshot))
    first = sorted({text: row for row, text in reversed(list(enumerate(found.texts)))}.values())
    return FixedTexts(found.family[first], found.prompt[first], [found.texts[row] for row in first])
