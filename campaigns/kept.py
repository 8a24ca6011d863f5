"""What was found of an index, kept: `campaigns` and `show` ask for one report again and again.

What words alone tell is kept apart from the report, as a report after `index --embed` asks for the
families and fixed texts that the embedding has just looked for.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.families import Families
from campaigns.find import find_campaigns
from campaigns.fixed import FixedTexts, fixed_texts
from campaigns.gather import Engine, Ground, Progress
from campaigns.report import THRESHOLD, CampaignReport, encode
from indexes import derived
from indexes.snapshot import Snapshot


class _Words(msgspec.Struct, frozen=True):
    """Near copies and families of shared text; bytes are those of int64 arrays."""

    copies: bytes
    family: bytes
    prompt: bytes
    kind: list[str]


class _Fixed(msgspec.Struct, frozen=True):
    """Fixed texts of all families that have one."""

    family: bytes
    prompt: bytes
    texts: list[str]


def ground_of(snapshot: Snapshot, progress: Progress = lambda _: None) -> Ground:
    """Return what `Ground.of` does, from its last making where neither logs nor software changed."""
    name = f"words-{software()}"
    kept = derived.load(snapshot.workspace, name, of_segments=True)
    if kept is None:
        ground = Ground.of(snapshot, progress)
        words, copies = ground.words, ground.copies
        made = _Words(_raw(copies), _raw(words.family), _raw(words.prompt), words.kind.tolist())
        derived.save(snapshot.workspace, name, msgspec.msgpack.encode(made), of_segments=True)
        return ground
    read = msgspec.msgpack.decode(kept, type=_Words)
    families = Families(_ints(read.family), _ints(read.prompt), np.array(read.kind, "U8"))
    senders = Senders.of(snapshot.requests, len(snapshot.text_of))
    fixed = _kept_fixed(snapshot)
    return Ground.around(snapshot, families, senders, _ints(read.copies), fixed)


def fixed_texts_of(ground: Ground) -> FixedTexts:
    """Return the fixed texts of all families, each family's own; they are kept for the next report."""
    if ground.fixed is not None:
        return ground.fixed
    snapshot, words = ground.snapshot, ground.words
    found = fixed_texts(snapshot, words, ground.senders, np.unique(words.family))
    made = msgspec.msgpack.encode(_Fixed(_raw(found.family), _raw(found.prompt), found.texts))
    derived.save(snapshot.workspace, f"fixed-{software()}", made, of_segments=True)
    return found


def _kept_fixed(snapshot: Snapshot) -> FixedTexts | None:
    kept = derived.load(snapshot.workspace, f"fixed-{software()}", of_segments=True)
    if kept is None:
        return None
    read = msgspec.msgpack.decode(kept, type=_Fixed)
    return FixedTexts(_ints(read.family), _ints(read.prompt), read.texts)


def _raw(numbers: NDArray[np.int64]) -> bytes:
    return numbers.astype(np.int64, copy=False).tobytes()


def _ints(raw: bytes) -> NDArray[np.int64]:
    return np.frombuffer(raw, dtype=np.int64)


def report_of(
    snapshot: Snapshot,
    *,
    threshold: float = THRESHOLD,
    progress: Progress = lambda _: None,
    engine: Engine = ground_of,
) -> CampaignReport:
    """Return the snapshot's report, from its last making where neither index nor software changed."""
    name = f"report-{software()}.json"
    kept = derived.load(snapshot.workspace, name)
    if kept is not None:
        return msgspec.json.decode(kept, type=CampaignReport).at(threshold)
    report = find_campaigns(snapshot, progress=progress, engine=engine)
    derived.save(snapshot.workspace, name, encode(report))
    return report.at(threshold)


@cache
def software() -> str:
    """Return a hash of everything that a report's content depends on besides the index."""
    digest = hashlib.sha256()
    here = Path(__file__).resolve().parent
    for package in ("promptlog", "fingerprint", "indexes", "campaigns", "cluster"):
        for path in sorted((here.parent / package).rglob("*")):
            if path.suffix in (".py", ".toml", ".npz"):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
