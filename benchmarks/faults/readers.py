"""One process writes, compacts and collects garbage; four read: is every answer that of one generation?

    python -m benchmarks.faults.readers [--commits 300] [--seed 1]

The writer notes, for every generation, the ids and prompts that were put in until then. Readers open
the newest generation over and over, wait at random between what they read of it, and note what
they found. Each note must be that of the generation it was read from. Beside them `verify` must find
no damage, and `info` must answer.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from indexes import manifest as manifests
from indexes.compact import compact
from indexes.info import info
from indexes.snapshot import Snapshot
from indexes.verify import verify
from indexes.workspace import Workspace

Notes = list[tuple[int, str]]
COMPACT = 20


def answer(workspace: Workspace, pause: random.Random | None = None) -> str:
    """Return a hash of an index's ids, prompts and signatures, read with pauses."""
    snapshot, digest = Snapshot(workspace), hashlib.sha256()
    for read in (
        lambda: snapshot.requests.ids.to_pylist(),
        lambda: snapshot.read_prompts(np.arange(len(snapshot.canonical))),
        lambda: snapshot.signatures().tobytes(),
    ):
        if pause:
            time.sleep(pause.uniform(0, 0.05))
        digest.update(repr(read()).encode())
    return digest.hexdigest()


def reading(root: Path, seed: int, over: Event, notes: multiprocessing.SimpleQueue[Notes | str]) -> None:
    """Read until the writer is done; put the notes into the queue, or the error that came."""
    found, draw = [], random.Random(seed)
    try:
        while not over.is_set():
            workspace = Workspace.open(root)
            found.append((workspace.manifest.generation, answer(workspace, draw)))
            damaged = verify(root).damaged
            if damaged or info(root).generation < workspace.manifest.generation:
                notes.put(f"damage seen: {damaged}")
                return
    except Exception as error:  # what went wrong is the result
        notes.put(f"{type(error).__name__}: {error}")
        return
    notes.put(found)


def writing(root: Path, folder: Path, commits: int) -> tuple[dict[int, str], int]:
    """Append and compact; return the right answer of each generation, and the most manifests there were."""
    right, most = {0: answer(Workspace.open(root))}, 1
    for number, line in enumerate(sample.lines(commits)):
        workspace = sample.append(root, sample.write(folder / "log.jsonl", [line]))
        right[workspace.manifest.generation] = answer(workspace)
        del workspace
        most = max(most, len(manifests.generations(root)))
        if number % COMPACT == COMPACT - 1:
            before = right[max(right)]
            generation = compact(root).generation
            right[generation] = answer(Workspace.open(root))
            assert right[generation] == before, "compaction changed an answer"
    return right, most


def run(commits: int, readers: int, seed: int) -> dict[str, object]:
    """Return how many answers were read, and what was wrong."""
    context = multiprocessing.get_context("spawn")
    notes: multiprocessing.SimpleQueue[Notes | str] = context.SimpleQueue()
    over = context.Event()
    with sample.scratch() as folder:
        root = folder / "index"
        Workspace.create(root, key=sample.KEY)
        processes = [
            context.Process(target=reading, args=(root, seed + number, over, notes))
            for number in range(readers)
        ]
        for process in processes:
            process.start()
        right, most = writing(root, folder, commits)
        over.set()
        found = [notes.get() for _ in processes]
        for process in processes:
            process.join()
    answers = [note for one in found if not isinstance(one, str) for note in one]
    return {
        "commits": len(right) - 1,
        "readers": readers,
        "answers": len(answers),
        "generations_read": len({generation for generation, _ in answers}),
        "wrong_answers": sum(right[generation] != said for generation, said in answers),
        "readers_that_failed": [one for one in found if isinstance(one, str)],
        "most_manifests_kept_at_once": most,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parsed(parser)
    results.keep("readers", options, seed=options.seed, **run(options.commits, options.readers, options.seed))


if __name__ == "__main__":
    main()
