"""Bits flipped, files cut short, zeroed or swapped: is each named, and is no answer silently wrong?

    python -m benchmarks.faults.rot [--flips 2000] [--cuts 200] [--answers 300] [--seed 1]

For every kind of file in an index with texts and embeddings: `verify` must name the one file that was
changed, and everything that can be asked of the index must either be refused with IndexDamaged
(or SettingsMismatch, for the key) or get the answer it gets from the whole index.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from indexes import derived, lookup, vectors
from indexes.errors import WorkspaceError
from indexes.search import search
from indexes.snapshot import Snapshot
from indexes.vectors import VectorIndex
from indexes.verify import verify
from indexes.workspace import Workspace

DERIVED = "report"


def make(folder: Path, requests: int) -> Path:
    """Return an index of two segments, a graph of vectors, and a derived result."""
    root, lines = folder / "index", sample.lines(requests)
    for number in (0, 1):
        sample.append(root, sample.write(folder / f"{number}.jsonl", [*lines[number::2], b"not json\n"]))
    sample.embed(root)
    derived.save(Workspace.open(root), DERIVED, b"a derived result")
    return root


def kinds(root: Path) -> dict[str, list[Path]]:
    """Return the files of an index by kind."""
    found = defaultdict(list)
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.stat().st_size and path.name.partition("-")[0] not in ("LOCK", "checked"):
            found[path.name.partition("-")[0]].append(path)
    return dict(found)


def answers(root: Path) -> str:
    """Ask everything of an index; return a hash of what it says."""
    workspace = Workspace.open(root)
    snapshot, digest = Snapshot(workspace), hashlib.sha256()
    prompts = np.arange(len(snapshot.canonical))
    texts = snapshot.read_prompts(prompts)
    for array in (snapshot.canonical, snapshot.tokens, snapshot.hidden, snapshot.signatures(),
                  snapshot.requests.prompts, snapshot.requests.time_us):  # fmt: skip
        digest.update(np.ascontiguousarray(array).tobytes())
    said: list[object] = [
        texts,
        snapshot.requests.ids.to_pylist(),
        snapshot.requests.account.values.to_pylist(),
    ]
    said += [segment.skipped for segment in snapshot.segments]
    said += [search(snapshot, texts[0]), lookup.requests(snapshot, snapshot.requests.ids[0].as_py())]
    said.append(lookup.account(snapshot, snapshot.requests.account[0]))
    for segment in snapshot.segments:
        hashes, offsets = segment.prints.span_hashes, segment.prints.span_offsets
        said += [
            hashes.tolist(),
            offsets.tolist(),
            segment.holders.rows.tolist(),
            segment.bands.places.tolist(),
        ]
    queries = np.eye(sample.Model.dimensions, dtype=np.float32)
    said += [each.tolist() for each in VectorIndex.open(workspace, sample.Model()).search(queries, 5)]  # type: ignore[arg-type]
    said.append(derived.load(workspace, DERIVED) in (None, b"a derived result"))
    digest.update(repr(said).encode())
    return digest.hexdigest()


def spoilt(content: bytes, how: str, other: bytes, draw: random.Random) -> bytes:
    """Return a file's content, changed."""
    if how == "flip":
        changed = bytearray(content)
        changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        return bytes(changed)
    if how == "cut":
        return content[: draw.randrange(len(content))]
    if how == "zeros":
        return bytes(len(content))
    return (other * (len(content) // len(other) + 1))[: len(content)]  # another file of the same length


def run(requests: int, counts: dict[str, int], asked: int, seed: int) -> dict[str, dict[str, Counter[str]]]:
    """Return by kind of file and of damage what came of it; `asked` of each were asked everything."""
    draw, found = random.Random(seed), {}
    with sample.scratch() as folder:
        root = make(folder, requests)
        expected, files = answers(root), kinds(root)
        for kind, paths in files.items():
            found[kind] = {
                how: Counter(
                    _try(root, draw.choice(paths), how, number < asked, expected, draw)
                    for number in range(count)
                )
                for how, count in counts.items()
            }
    return found


def _try(root: Path, path: Path, how: str, ask: bool, expected: str, draw: random.Random) -> str:
    content = path.read_bytes()
    changed = spoilt(content, how, b"another file" + (root / "KEY").read_bytes(), draw)
    if changed == content:
        return "unchanged"
    path.write_bytes(changed)
    try:
        named = {damage.path for damage in verify(root).damaged}
        name = path.relative_to(root).as_posix()
        said = "named" if named == {name} else "not named"
        if name.startswith("derived/"):
            said = "passed over" if derived.load(Workspace.open(root), DERIVED) is None else "believed"
        return f"{said}, {_answered(root, expected)}" if ask else said
    except WorkspaceError as error:
        return f"verify refused: {type(error).__name__}"
    finally:
        path.write_bytes(content)


def _answered(root: Path, expected: str) -> str:
    try:
        return "answers right" if answers(root) == expected else "ANSWERS WRONG"
    except WorkspaceError:
        return "answers refused"


def failures(found: dict[str, dict[str, Counter[str]]]) -> int:
    """Return how many changes were not named, or gave another answer."""
    bad = ("not named", "believed", "WRONG", "verify refused")
    return sum(
        count
        for kind in found.values()
        for outcomes in kind.values()
        for said, count in outcomes.items()
        if any(each in said for each in bad)
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--flips", type=int, default=2000, help="of each kind of file")
    parser.add_argument("--cuts", type=int, default=200, help="of each kind of file")
    parser.add_argument("--answers", type=int, default=300, help="of each kind of file and damage")
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    vectors.FLAT_ROWS = 10  # so that there are cells to damage
    counts = {"flip": options.flips, "cut": options.cuts, "zeros": 1, "swap": 1}
    found = run(options.requests, counts, options.answers, options.seed)
    results.keep(
        "rot",
        options,
        seed=options.seed,
        kinds_of_files=len(found),
        changes=sum(sum(outcomes.values()) for kind in found.values() for outcomes in kind.values()),
        failures=failures(found),
        outcomes={kind: {how: dict(each) for how, each in one.items()} for kind, one in found.items()},
    )


if __name__ == "__main__":
    main()
