"""A disk that forgets: what a directory may hold after a crash, from the calls that were made.

What was synced is there: a file's bytes after a sync of the file, a directory's entries after a
sync of the directory. Of the rest any part may be there, in any order, and of a file's bytes the
first half, or as many zeros (Pillai et al. 2014, "All File Systems Are Not Created Equal": the
states of a file system that promises no more than POSIX).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.shim import Call

LOST, WHOLE, HALF, ZEROS = "lost", "whole", "half", "zeros"

State = dict[str, bytes | None]
"""Path below the directory → content, or None for a directory."""


@dataclass(frozen=True)
class Op:
    """A call, by the numbers of the file or directory it changes and not by names."""

    kind: str  # data, truncate, entry, gone, sync, ack
    target: int  # a file for data and truncate, a directory for entry and gone
    name: str = ""
    inode: int = 0
    offset: int = 0
    data: bytes = b""


class Recorder:
    """Turns calls into ops. Begins with a directory as it is on disk, all of it synced.

    ignored: what may be lost at any time, by its name in the directory.
    """

    def __init__(self, root: Path, ignored: Collection[str] = ("LOCK", "derived")) -> None:
        self.root = root
        self.ignored = ignored
        self.ops: list[Op] = []
        self.contents: dict[int, bytes] = {}
        self.folders: dict[int, dict[str, int]] = {0: {}}
        self._inodes: dict[Path, int] = {root: 0}
        self._numbers = itertools.count(1)
        for path in sorted(filter(self.counts, root.rglob("*"))):
            number = self._number(path)
            if path.is_dir():
                self.folders[number] = {}
            else:
                self.contents[number] = path.read_bytes()
            self.folders[self._inodes[path.parent]][path.name] = number

    def counts(self, path: Path) -> bool:
        """Return whether a path is not ignored."""
        return path.relative_to(self.root).parts[0] not in self.ignored

    def _number(self, path: Path) -> int:
        self._inodes[path] = next(self._numbers)
        return self._inodes[path]

    def __call__(self, call: Call) -> None:
        """Note one call that was made."""
        if call.path != self.root and not self.counts(call.path):
            return
        parent = self._inodes.get(call.path.parent, -1)
        match call.name:
            case "create" | "mkdir":
                number = self._number(call.path)
                kind = "entry" if call.name == "create" else "folder"
                self.ops.append(Op(kind, parent, call.path.name, number))
            case "write":
                self.ops.append(Op("data", self._inodes[call.path], "", 0, call.offset, call.data))
            case "truncate":
                self.ops.append(Op("truncate", self._inodes[call.path], "", 0, call.offset))
            case "sync":
                self.ops.append(Op("sync", self._inodes[call.path]))
            case "unlink" | "rmdir":
                self.ops.append(Op("gone", parent, call.path.name))
                del self._inodes[call.path]
            case "link" | "rename":
                assert call.other is not None
                number = self._inodes[call.path]
                self._inodes[call.other] = number
                self.ops.append(Op("entry", self._inodes[call.other.parent], call.other.name, number))
                if call.name == "rename":
                    self.ops.append(Op("gone", parent, call.path.name))
                    del self._inodes[call.path]

    def acknowledge(self, generation: str) -> None:
        """Note that a user was told that a generation is safe."""
        self.ops.append(Op("ack", -1, generation))

    def state(self, ops: Sequence[Op], fate: dict[int, str]) -> State:
        """Return what is there after some ops, of which those in `fate` fared so; the others are whole."""
        contents = {number: bytearray(content) for number, content in self.contents.items()}
        folders = {number: dict(entries) for number, entries in self.folders.items()}
        for place, op in enumerate(ops):
            how = fate.get(place, WHOLE)
            if how != LOST:
                _apply(op, how, contents, folders)
        found: State = {}
        _list(0, "", contents, folders, found)
        return found

    def whole(self) -> State:
        """Return what is there when everything was kept."""
        return self.state(self.ops, {})


def _apply(op: Op, how: str, contents: dict[int, bytearray], folders: dict[int, dict[str, int]]) -> None:
    match op.kind:
        case "data":
            data = op.data[: len(op.data) // 2] if how == HALF else op.data
            data = bytes(len(data)) if how == ZEROS else data
            content = contents.setdefault(op.target, bytearray())
            content.extend(bytes(max(0, op.offset - len(content))))
            content[op.offset : op.offset + len(data)] = data
        case "truncate":
            del contents.setdefault(op.target, bytearray())[op.offset :]
        case "entry":
            folders.setdefault(op.target, {})[op.name] = op.inode
        case "folder":
            folders.setdefault(op.inode, {})
            folders.setdefault(op.target, {})[op.name] = op.inode
        case "gone":
            folders.setdefault(op.target, {}).pop(op.name, None)


def _list(
    number: int,
    prefix: str,
    contents: dict[int, bytearray],
    folders: dict[int, dict[str, int]],
    found: State,
) -> None:
    for name, inode in sorted(folders[number].items()):
        if inode in folders:
            found[prefix + name] = None
            _list(inode, f"{prefix}{name}/", contents, folders, found)
        else:
            found[prefix + name] = bytes(contents.get(inode, b""))


def crashes(ops: Sequence[Op], samples: int, draw: random.Random) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield (ops made before the crash, fate of those not synced) for every moment.

    At each: all lost, all kept, and `samples` drawn at random, of which one in four loses or keeps
    a single op.
    """
    for made in range(len(ops) + 1):
        pending = _pending(ops[:made])
        yield made, {}
        if not pending:
            continue
        yield made, dict.fromkeys(pending, LOST)
        for number in range(samples):
            one = draw.choice(pending)
            if number % 8 == 0:
                yield made, {one: draw.choice(_fates(ops[one]))}
            elif number % 8 == 1:
                yield made, {place: LOST for place in pending if place != one}
            else:
                yield made, {place: draw.choice((WHOLE, *_fates(ops[place]))) for place in pending}


def _fates(op: Op) -> tuple[str, ...]:
    return (LOST, HALF, ZEROS) if op.kind == "data" else (LOST,)


def _pending(ops: Sequence[Op]) -> list[int]:
    """Return the places of the ops that no sync has made durable."""
    synced: set[int] = set()
    pending = []
    for place in range(len(ops) - 1, -1, -1):
        op = ops[place]
        if op.kind == "sync":
            synced.add(op.target)
        elif op.kind != "ack" and op.target not in synced:
            pending.append(place)
    return pending[::-1]
