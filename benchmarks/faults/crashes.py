"""Is an index the old or the new one after every crash? Also: would this experiment notice if not?

    python -m benchmarks.faults.crashes [--samples 40] [--seed 1]

Creation, append, embedding, repair, compaction and erasure run once while every call that changes
the directory is recorded. For every moment the states that a crash may leave are built (see disk.py),
and each is opened and verified: it must be the old generation or the new one, whole; the new one if
its commit was acknowledged; and after an acknowledged erasure no file may hold what was erased. Then
the same with protocols that are broken on purpose, each of which must be found out.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from benchmarks.faults import results, sample
from benchmarks.faults.disk import Recorder, State, crashes
from benchmarks.faults.shim import watching
from benchmarks.kept import parsed
from indexes import derived, durable
from indexes import manifest as manifests
from indexes.compact import compact
from indexes.erase import erase
from indexes.errors import NotAnIndex, WorkspaceError
from indexes.repair import repair
from indexes.verify import verify
from indexes.workspace import Workspace, Writer

AGAIN = 50
"""In one state of so many, a writer goes on from there."""

NAMED = "somebody-whose-log-this-is"
"""An account that only the path of a log names."""


@dataclass
class Outcome:
    """How many different states an operation may leave, and what was wrong with some of them."""

    states: int = 0
    ops: int = 0
    failures: Counter[str] = field(default_factory=Counter)


def enumerate_states(
    operation: Callable[[Path], object],
    root: Path,
    samples: int,
    seed: int,
    *,
    erased: Sequence[bytes] = (),
) -> Outcome:
    """Run an operation on an index and check every state that a crash may have left."""
    old, generation = _published(root), _generation(root)
    recorder = Recorder(root, ("LOCK",) if erased else ("LOCK", "derived"))
    with watching(root, after=recorder), _acknowledged(recorder):
        operation(root)
    recorder.acknowledge(_published(root))
    _require_all_seen(recorder)
    later = [path for path in manifests.generations(root) if manifests.generation_of(path) > generation]
    published = [old, *(manifests.read(path)[1] for path in later)]
    acks = [(place, op.name) for place, op in enumerate(recorder.ops) if op.kind == "ack"]
    outcome, seen, draw = Outcome(ops=len(recorder.ops)), set(), random.Random(seed)
    with _Stage(root.parent / "stage") as stage:
        for made, fate in crashes(recorder.ops, samples, draw):
            acknowledged = [sha256 for place, sha256 in acks if place < made]
            done = len(acknowledged) == len(acks)
            state = recorder.state(recorder.ops[:made], fate)
            mark = len(acknowledged), _mark(state)
            if mark in seen:
                continue
            seen.add(mark)
            allowed = set(published[published.index(acknowledged[-1]) :] if acknowledged else published)
            here = stage.put(state)
            outcome.failures.update(_wrong(here, allowed, erased if done else ()))
            if len(seen) % AGAIN == 0:
                outcome.failures.update(_stuck(here))
    outcome.states = len(seen)
    return outcome


def _wrong(root: Path, allowed: set[str], erased: Sequence[bytes]) -> Iterator[str]:
    try:
        found = _published(root)
        damaged = verify(root).damaged if found else ()
    except WorkspaceError as error:
        yield f"does not open: {type(error).__name__}"
        return
    if found not in allowed:
        yield "an acknowledged commit is lost"
    if damaged:
        yield "a published file is damaged"
    if erased:
        held = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
        if any(each in held for each in erased):
            yield "erased and still there"


def _stuck(root: Path) -> Iterator[str]:
    """Say so when the next writer cannot go on from a state."""
    try:
        with Workspace.open_or_create(root, key=sample.KEY).writing() as writer:
            writer.commit()
        if verify(root).damaged or verify(root).leftovers:
            yield "the next writer left damage"
    except WorkspaceError as error:
        yield f"the next writer fails: {type(error).__name__}"


def _published(root: Path) -> str:
    """Return the content of the newest generation; empty where there is no index yet."""
    try:
        return Workspace.open(root).manifest_sha256
    except NotAnIndex:
        return ""


def _generation(root: Path) -> int:
    return max(map(manifests.generation_of, manifests.generations(root)), default=-1)


@contextlib.contextmanager
def _acknowledged(recorder: Recorder) -> Iterator[None]:
    """Note when a commit returns."""
    commit = Writer.commit

    def noting(writer: Writer) -> Workspace:
        workspace = commit(writer)
        recorder.acknowledge(workspace.manifest_sha256)
        return workspace

    with mock.patch.object(Writer, "commit", noting):
        yield


def _require_all_seen(recorder: Recorder) -> None:
    """Raise AssertionError when something was written past the recorder."""
    root, whole = recorder.root, recorder.whole()
    there = {
        path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in filter(recorder.counts, root.rglob("*"))
    }
    assert whole == there, sorted(whole.keys() ^ there.keys())


def _mark(state: State) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for name, content in state.items():
        digest.update(name.encode() + b"\0" + (b"/" if content is None else b"=" + content) + b"\0")
    return digest.digest()


class _Stage:
    """Builds states as directories; a content is written once and linked into each."""

    def __init__(self, folder: Path) -> None:
        self._pool, self._root = folder / "pool", folder / "index"

    def __enter__(self) -> _Stage:
        self._pool.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._pool.parent)

    def put(self, state: State) -> Path:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir()
        for name, content in state.items():
            if content is None:
                (self._root / name).mkdir()
                continue
            kept = self._pool / hashlib.sha256(content).hexdigest()
            if not kept.exists():
                kept.write_bytes(content)
            os.link(kept, self._root / name)
        return self._root


# Protocols that are broken on purpose


def _no_file_sync(path: Path) -> None:
    if path.is_dir():
        REAL_SYNC(path)


def _no_directory_sync(path: Path) -> None:
    if not path.is_dir():
        REAL_SYNC(path)


def _in_place(root: Path, manifest: manifests.Manifest) -> Path:
    path = manifests.path_of(root, manifest.generation)
    durable.write_file(path, manifests.encode(manifest))
    durable.sync(root)
    return path


def _acknowledged_too_soon(root: Path, manifest: manifests.Manifest) -> Path:
    temporary, path = root / f"tmp-{manifest.generation}", manifests.path_of(root, manifest.generation)
    durable.write_file(temporary, manifests.encode(manifest))
    os.link(temporary, path)
    os.unlink(temporary)
    return path


REAL_SYNC = durable.sync

BROKEN: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
    "no file fsync": lambda: mock.patch.object(durable, "sync", _no_file_sync),
    "no directory fsync": lambda: mock.patch.object(durable, "sync", _no_directory_sync),
    "manifest written in place": lambda: mock.patch.object(manifests, "publish", _in_place),
    "acknowledged before the last fsync": lambda: mock.patch.object(
        manifests, "publish", _acknowledged_too_soon
    ),
}


def operations(
    folder: Path, requests: int
) -> Iterator[tuple[str, Path, Callable[[Path], object], list[bytes]]]:
    """Yield (name, index, what is done to it, what must be gone after it)."""
    lines = sample.lines(requests)
    half = len(lines) // 2
    first, second = (
        sample.write(folder / "first", lines[:half]),
        sample.write(folder / "second", lines[half:]),
    )
    yield "creation and append", folder / "new", lambda root: sample.append(root, first), []
    root = folder / "index"
    sample.append(root, first)
    yield "append", root, lambda root: sample.append(root, second), []
    yield "embedding", root, sample.embed, []
    before = Workspace.open(root).manifest.generation - 1  # told once: a repair makes another the newest
    yield "repair", root, lambda root: repair(root, before), []
    sample.embed(root)
    yield "compaction", root, compact, []
    sample.append(root, sample.write(folder / f"log of {NAMED}", lines[:3]))
    shutil.rmtree(root / "derived", ignore_errors=True)  # what was checked lately, if anything was
    yield "erasure of a name", root, lambda root: erase(root, accounts=[NAMED]), [NAMED.encode()]
    account = sample.rows(requests)[0]["metadata"]["user_api_key_user_id"]
    gone = [account.encode()]
    derived.save(Workspace.open(root), "report", gone[0])
    yield "erasure", root, lambda root: erase(root, accounts=[account]), gone


def run(requests: int, samples: int, seed: int) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """Return what became of each operation, and of appends with each broken protocol."""
    sound, broken = {}, {}
    with sample.scratch() as folder:
        for name, root, operation, gone in operations(folder, requests):
            root.mkdir(exist_ok=True)
            sound[name] = enumerate_states(operation, root, samples, seed, erased=gone)
    for name, plant in BROKEN.items():
        with sample.scratch() as folder, contextlib.ExitStack() as planted:
            steps = operations(folder, requests)
            for _ in range(2):
                _, root, operation, _ = next(steps)
            planted.enter_context(plant())
            broken[name] = enumerate_states(operation, root, max(2, samples // 8), seed)
    return sound, broken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    sound, broken = run(options.requests, options.samples, options.seed)

    def told(outcomes: dict[str, Outcome]) -> dict[str, object]:
        return {
            name: {"ops": one.ops, "states": one.states, "failures": dict(one.failures)}
            for name, one in outcomes.items()
        }

    results.keep(
        "crashes",
        options,
        seed=options.seed,
        states=sum(one.states for one in sound.values()),
        failures=sum(sum(one.failures.values()) for one in sound.values()),
        operations=told(sound),
        planted=told(broken),
    )


if __name__ == "__main__":
    main()
