"""What is to be judged: prompts → near copies → families → groups of families that share accounts → pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.candidates import Candidate, Memberships
from campaigns.chance import NullModel
from campaigns.edges import near_copy_clusters
from campaigns.families import Families, find_families
from campaigns.linking import link_families
from campaigns.log import Log
from campaigns.pools import pools
from indexes import lsh
from indexes.snapshot import Snapshot


@dataclass(frozen=True)
class Gathered:
    """What text, or meaning, and shared accounts bring together, before anything is judged."""

    families: Families
    members: Memberships
    candidates: list[Candidate]


Progress = Callable[[str], None]
Textual = Callable[[Snapshot, Progress], tuple[Families, Senders, NDArray[np.int64]]]
"""Families of shared text, the senders of each prompt and the near-copy clusters: as `textual` finds them."""


def textual(snapshot: Snapshot, progress: Progress) -> tuple[Families, Senders, NDArray[np.int64]]:
    """Find the families of shared text on this machine."""
    progress("near copies")
    copies = near_copies(snapshot)
    progress("templates")
    senders = Senders.of(snapshot.requests, len(snapshot.text_of))
    return find_families(snapshot.spans(), senders, copies), senders, copies


@dataclass(frozen=True)
class Ground:
    """What candidates are gathered from. words: families of shared text. copies: (prompts,) near-copy
    clusters.
    """

    snapshot: Snapshot
    words: Families
    senders: Senders
    copies: NDArray[np.int64]
    model: NullModel

    @classmethod
    def of(cls, snapshot: Snapshot, progress: Progress, engine: Textual = textual) -> Ground:
        """Find families of shared text; engine: who does it."""
        requests = snapshot.requests
        found = engine(snapshot, progress)
        return cls(snapshot, *found, NullModel.of(requests.account.codes, requests.time_us))

    def prompts(self, rows: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
        """Return (prompts,) which of them some requests hold."""
        held = np.zeros(len(self.copies) + 1, dtype=np.bool_)  # the last stands for "no prompt"
        held[self.snapshot.requests.prompts[np.concatenate([np.empty(0, np.int64), *rows])]] = True
        return held[:-1]

    def gathered(self, families: Families) -> Gathered:
        """Return the candidates that some families make."""
        snapshot, requests = self.snapshot, self.snapshot.requests
        members = Memberships.of(families, requests, len(snapshot.text_of))
        links = link_families(members.family, members.request, families.size, self.model)
        log = Log(requests, snapshot.hidden, snapshot.tokens, members.shared(len(requests)))
        candidates = [pool for whole in members.candidates(links, log) for pool in pools(whole, members)]
        return Gathered(families, members, candidates)


def gather(snapshot: Snapshot, *, progress: Progress = lambda _: None) -> Gathered:
    """Return the candidates of a snapshot that shared words make."""
    ground = Ground.of(snapshot, progress)
    return ground.gathered(ground.words)


def near_copies(snapshot: Snapshot) -> NDArray[np.int64]:
    """Return the (prompts,) near-copy cluster of each prompt: the least prompt of the cluster."""
    signatures = snapshot.signatures()
    return near_copy_clusters(signatures, lsh.visible(signatures))
