"""An iterator that is run ahead in a thread: reading, unpacking and hashing need no interpreter lock,
so they cost the parser no time."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

Item = TypeVar("Item")
_DEPTH = 4
_PAUSE = 0.1


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items of an iterator, which is up to a few items ahead. What it raises is raised here."""
    queue: Queue[tuple[Item | None, BaseException | None]] = Queue(_DEPTH)
    stopped = Event()

    def put(entry: tuple[Item | None, BaseException | None]) -> None:
        while not stopped.is_set():
            try:
                return queue.put(entry, timeout=_PAUSE)
            except Full:
                continue

    def run() -> None:
        try:
            for item in items:
                put((item, None))
                if stopped.is_set():
                    return
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join()
