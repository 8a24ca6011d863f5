"""Several processes want to write at once, a hundred times: one may, the others are told who does.

    python -m benchmarks.faults.races [--races 100] [--killed 20] [--writers 4]

In some races the holder of the race before was killed while it wrote.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.faults import results, sample
from benchmarks.kept import parsed
from indexes.errors import IndexLocked
from indexes.workspace import Workspace, writing


def writer(root: Path, orders: Connection) -> None:
    """At each order try to write: tell what came of it; hold on until told to let go."""
    while orders.recv() == "write":
        started = time.monotonic()
        try:
            with writing(root):
                orders.send(("won", ""))
                orders.recv()
            orders.send("free")
        except IndexLocked as error:
            orders.send((str(error), time.monotonic() - started))


class _Writers:
    """Processes that write when they are told to; a killed one is replaced."""

    def __init__(self, root: Path, count: int) -> None:
        self._root, self._context = root, multiprocessing.get_context("spawn")
        self.all = [self._new() for _ in range(count)]

    def _new(self) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        mine, theirs = self._context.Pipe()
        process = self._context.Process(target=writer, args=(self._root, theirs))
        process.start()
        return process, mine

    def kill(self, place: int) -> None:
        process, _ = self.all[place]
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        self.all[place] = self._new()

    def end(self) -> None:
        for process, orders in self.all:
            orders.send("end")
            process.join()


def run(races: int, killed: int, count: int) -> dict[str, object]:
    """Return how many races had one winner, and what the losers were told, and when."""
    one_winner = named = losers = 0
    slowest = 0.0
    with sample.scratch() as folder:
        Workspace.create(folder / "index", key=sample.KEY)
        writers = _Writers(folder / "index", count)
        for race in range(races):
            for _, orders in writers.all:
                orders.send("write")
            told = [orders.recv() for _, orders in writers.all]
            winners = [place for place, (said, _) in enumerate(told) if said == "won"]
            one_winner += len(winners) == 1
            holder = writers.all[winners[0]][0].pid
            for said, seconds in told:
                if said != "won":
                    losers += 1
                    named += f"written by process {holder};" in said
                    slowest = max(slowest, seconds)
            if race < killed:
                writers.kill(winners[0])
                winners = winners[1:]
            for place in winners:
                writers.all[place][1].send("let go")
                writers.all[place][1].recv()  # the next race begins when the lock is free
        writers.end()
    return {
        "races": races,
        "after_a_killed_holder": killed,
        "races_with_one_winner": one_winner,
        "losers": losers,
        "losers_told_the_holder": named,
        "slowest_loser_seconds": round(slowest, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--races", type=int, default=100)
    parser.add_argument("--killed", type=int, default=20)
    parser.add_argument("--writers", type=int, default=4)
    options = parsed(parser)
    results.keep("races", options, **run(options.races, options.killed, options.writers))


if __name__ == "__main__":
    main()
