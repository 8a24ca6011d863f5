"""What is to be judged: prompts → near copies → families → groups of families that share accounts → pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.candidates import Candidate, Memberships
from campaigns.chance import NullModel
from campaigns.edges import near_copy_clusters
from campaigns.families import Families, find_families
from campaigns.fixed import FixedTexts, alike
from campaigns.linking import link_families
from campaigns.log import Log
from campaigns.meaning import semantic_families
from campaigns.pools import pools
from indexes import lsh
from indexes.snapshot import Snapshot


@dataclass(frozen=True)
class Gathered:
    """What text, or meaning, and shared accounts bring together, before anything is judged."""

    families: Families
    members: Memberships
    candidates: list[Candidate]

    def by_wording(self, words: Gathered) -> Gathered:
        """Return candidates of one meaning as made of the families of words that they are put together from.

        A candidate of fewer than two is left out: it has been looked at by its words.
        """
        found = []
        for candidate in self.candidates:
            at = np.searchsorted(candidate.rows, words.members.request)
            inside = candidate.rows[np.minimum(at, len(candidate.rows) - 1)] == words.members.request
            count = np.bincount(words.members.family[inside], minlength=words.families.size)
            mine = np.argsort(-count, kind="stable")[: np.count_nonzero(count)]
            if len(mine) > 1:
                found.append(replace(candidate, families=mine))
        return Gathered(words.families, words.members, found)


Progress = Callable[[str], None]


@dataclass(frozen=True)
class Ground:
    """What candidates are gathered from. words: families of shared text. copies: (prompts,) near-copy
    clusters. fixed: fixed texts of the families, where they have been read.
    """

    snapshot: Snapshot
    words: Families
    senders: Senders
    copies: NDArray[np.int64]
    model: NullModel
    fixed: FixedTexts | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, progress: Progress) -> Ground:
        """Find families of shared text on this machine."""
        progress("near copies")
        copies = near_copies(snapshot)
        progress("templates")
        senders = Senders.of(snapshot.requests, len(snapshot.text_of))
        words = find_families(snapshot.spans(), senders, copies)
        return cls.around(snapshot, words, senders, copies)

    @classmethod
    def around(
        cls,
        snapshot: Snapshot,
        words: Families,
        senders: Senders,
        copies: NDArray[np.int64],
        fixed: FixedTexts | None = None,
    ) -> Ground:
        """Return the ground of families that were found."""
        requests = snapshot.requests
        model = NullModel.of(requests.account.codes, requests.time_us)
        return cls(snapshot, words, senders, copies, model, fixed)

    @property
    def size(self) -> tuple[int, int]:
        """Return (requests, known accounts) of the whole log."""
        requests = self.snapshot.requests
        return len(requests), len(np.unique(requests.account.codes[requests.named]))

    def meaning(self, settled: list[NDArray[np.int64]]) -> Families:
        """Return the families of common meaning outside of requests that words have settled."""
        known = self._prompts(settled)
        return semantic_families(self.snapshot, self.words, self.senders, self.copies, known)

    def alike(self, settled: list[NDArray[np.int64]]) -> Families:
        """Return families put together from those of words whose fixed texts have one meaning."""
        return alike(self.snapshot, self.words, self.senders, self._prompts(settled), self.fixed)

    def _prompts(self, settled: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
        held = np.zeros(len(self.copies) + 1, dtype=np.bool_)  # the last stands for "no prompt"
        held[self.snapshot.requests.prompts[np.concatenate([np.empty(0, np.int64), *settled])]] = True
        return held[:-1]

    def log(self, shared: NDArray[np.bool_]) -> Log:
        """Return the log that candidates are judged against. shared: which requests are in families."""
        return Log(self.snapshot.requests, self.snapshot.hidden, self.snapshot.tokens, shared)

    def gathered(self, families: Families) -> Gathered:
        """Return the candidates that some families make."""
        requests = self.snapshot.requests
        members = Memberships.of(families, requests, len(self.snapshot.text_of))
        links = link_families(members.family, members.request, families.size, self.model)
        log = self.log(members.shared(len(requests)))
        candidates = [pool for whole in members.candidates(links, log) for pool in pools(whole, members)]
        return Gathered(families, members, candidates)


Engine = Callable[[Snapshot, Progress], Ground]
"""Who finds the families of shared text: `Ground.of` on this machine."""


def gather(snapshot: Snapshot, *, progress: Progress = lambda _: None) -> Gathered:
    """Return the candidates of a snapshot that shared words make."""
    ground = Ground.of(snapshot, progress)
    return ground.gathered(ground.words)


def near_copies(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the (prompts,) near-copy cluster of each prompt: the least prompt of the cluster."""
    signatures = snapshot.signatures()
    return near_copy_clusters(signatures, lsh.visible(signatures))
