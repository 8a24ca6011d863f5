"""Numbers for prompts, accounts and other values by Spark, as `indexes.snapshot` gives them on one machine.

Every segment says which canonical forms and values it holds and where each is first; those of one name
meet, and each segment hears where in the whole index they were first. Then each can number the prompts that
appear first in it, and find those of others among theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.accounts import expand_ranges, sorted_distinct
from campaigns.chance import bounds
from campaigns.families import MIN_ACCOUNTS
from cluster.numbers import VALUES, Ints, Numbers, Shards, held_texts
from cluster.stages import Piece, Stages, dealt, gathered, joined, spread
from fingerprint.identity import identities
from indexes.segment import NO_TIME, PROMPT_SEGMENTS
from indexes.snapshot import Snapshot, encode, mark_first

_MET = np.dtype([("name", np.uint64), ("first", np.int64), ("segment", np.int32), ("place", np.int32)])
_TOLD = np.dtype([("kind", np.int32), ("place", np.int32), ("first", np.int64)])
_TEXT, _SEVERAL = len(VALUES), 2
HALF = 32  # bits of an account, or of a count, beside a prompt
LOW = (1 << HALF) - 1
_PART_BITS = 22  # names in one part, about: 24 bytes each


class Said(msgspec.Struct, frozen=True):
    """What a segment says of itself. known: its first and last known time. some: the first two values of each
    column, by which it is known whether the log has several.
    """

    prompts: int
    known: tuple[int, int]
    some: list[list[str]]


def number(stages: Stages, snapshot: Snapshot, folder: Path) -> tuple[Numbers, list[Said]]:
    """Number the prompts and values of a snapshot that has requests, and collect who sent each prompt."""
    shards = shards_of(snapshot, folder)
    count, spark = len(shards.segments), stages.spark
    key = snapshot.workspace.hasher.derive(b"account")
    bits = max(0, int(snapshot.first_text[-1]).bit_length() - _PART_BITS)

    def held(number: int) -> Iterator[Piece]:
        segment, before = shards.reader(number), int(shards.request[number])
        first = np.empty(len(segment.canonical), np.int64)
        mark_first(held_texts(segment), before, first)
        yield from _met(_TEXT, bits, segment.canonical, first, number)
        for kind, name in enumerate(VALUES):
            codes = encode(segment.requests([name]).column(0))
            seen, row = np.unique(codes.codes, return_index=True)
            first = np.full(len(codes.values), before, np.int64)
            first[seen] += row
            yield from _met(kind, bits, identities(codes.values, key), first, number)

    def met(part: int, rows: list[bytes]) -> Iterator[Piece]:
        found = joined(rows, _MET)
        found = found[np.lexsort((found["first"], found["name"]))]
        new = np.concatenate([[True], found["name"][1:] != found["name"][:-1]])
        told = np.empty(len(found), _TOLD)
        told["kind"], told["place"] = part >> bits, found["place"]
        told["first"] = found["first"][new][np.cumsum(new) - 1]
        return dealt(told, found["segment"])

    def told(number: int, rows: list[bytes]) -> Iterator[Piece]:
        found = joined(rows, _TOLD)
        found = found[np.lexsort((found["place"], found["kind"]))]
        cuts = np.searchsorted(found["kind"], np.arange(len(VALUES) + 2))
        first = {kind: found["first"][cuts[kind] : cuts[kind + 1]] for kind in range(len(VALUES) + 1)}
        segment, places = shards.reader(number), len(PROMPT_SEGMENTS)
        begin, end = shards.request[number : number + 2].tolist()
        appears = np.unique(first[_TEXT])
        appears = appears[slice(*np.searchsorted(appears, [begin * places, end * places]))]
        texts = held_texts(segment)[appears % places, appears // places - begin]
        names = {name: first[kind] for kind, name in enumerate(VALUES)}
        shards.write(number, appears=appears, texts=texts, first_of_text=first[_TEXT], **names)
        some = [segment.requests([name]).column(0).unique().to_pylist()[:_SEVERAL] for name in VALUES]
        yield number, msgspec.json.encode(Said(len(appears), bounds(segment.times), some))

    kept = stages.rows("numbers", lambda: gathered(gathered(spread(spark, count, held), met), told))
    said = [msgspec.json.decode(blob, type=Said) for _, blob in kept]
    first = np.concatenate([[0], np.cumsum([each.prompts for each in said])])
    numbers = Numbers(shards.folder, shards.segments, shards.request, first)
    _senders(stages, numbers)
    return numbers, said


def shards_of(snapshot: Snapshot, folder: Path) -> Shards:
    """Return the segments of a snapshot that hold requests."""
    root = snapshot.workspace.root.absolute() / "segments"
    filled = [s for s in snapshot.workspace.manifest.segments if s.requests]
    request = np.concatenate([[0], np.cumsum([s.requests for s in filled])])
    return Shards(folder, tuple(root / s.name for s in filled), request)


def known_times(said: list[Said]) -> tuple[int, int]:
    """Return the first and the last known time of all requests."""
    return bounds(np.array([each.known for each in said])) if said else (NO_TIME, NO_TIME)


def _met(kind: int, bits: int, name: NDArray[np.uint64], first: Ints, number: int) -> Iterator[Piece]:
    """Deal out the names of one kind by their first bits."""
    found = np.empty(len(name), _MET)
    found["name"], found["first"], found["segment"] = name, first, number
    found["place"] = np.arange(len(name))
    return dealt(found, (name >> np.uint64(32)).astype(np.int64) >> (32 - bits), kind << bits)


def _senders(stages: Stages, numbers: Numbers) -> None:
    """Write down who sent each segment's prompts, whichever segments the requests are in."""
    count = len(numbers.segments)

    def sent(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        prompt_of = numbers.appearing(numbers.read(number, "first_of_text"))
        numbers.write(number, prompt_of=prompt_of)
        account, known = mine.of_accounts()
        pairs = [column[there] << HALF | account[there] for column, there in _known(mine.held(), known)]
        found = some_of_each(np.concatenate(pairs))
        yield from dealt(found, numbers.owner(found >> HALF))
        hidden = mine.facts("hidden").astype(np.int64)
        there = np.flatnonzero(hidden)
        yield from dealt(prompt_of[there] << HALF | hidden[there], numbers.owner(prompt_of[there]), count)

    def met(part: int, rows: list[bytes]) -> Iterator[Piece]:
        number, pairs = part % count, joined(rows, np.int64)
        mine = numbers.of(number)
        if part < count:
            pairs = some_of_each(pairs)
            sent = np.bincount((pairs >> HALF) - mine.first, minlength=len(mine))
            first = np.concatenate([[0], np.cumsum(sent)])
            numbers.write(number, sent_first=first, sent_by=pairs & LOW)
        else:
            hidden = np.zeros(len(mine), np.int64)
            np.maximum.at(hidden, (pairs >> HALF) - mine.first, pairs & LOW)
            numbers.write(number, hidden=hidden)
        yield part, b""

    stages.run("senders", lambda: gathered(spread(stages.spark, count, sent), met))


def _known(held: Ints, known: NDArray[np.bool_]) -> Iterator[tuple[Ints, NDArray[np.bool_]]]:
    """Yield each column of prompts, and where it holds one that is known to be an account's."""
    for column in held.T:
        yield column, (column >= 0) & known


def some_of_each(pairs: Ints) -> Ints:
    """Return distinct pairs prompt << HALF | account, ascending, no more than MIN_ACCOUNTS of a prompt."""
    pairs = sorted_distinct(pairs)
    new = np.concatenate([[True], pairs[1:] >> HALF != pairs[:-1] >> HALF])[: len(pairs)]
    first = np.flatnonzero(new)
    last = np.minimum(first + MIN_ACCOUNTS, np.append(first[1:], len(pairs)))
    return np.asarray(pairs[expand_ranges(first, last)[0]])
