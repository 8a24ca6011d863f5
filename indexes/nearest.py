"""Of many vectors each one's nearest others: the graph that families of common meaning come from.

All against all is a square; so vectors are divided into cells, and a vector's neighbours are sought
in its own and the cells beside it, all vectors of a cell at once, as one matrix product. The product
is of the directions that vectors differ most in (their principal components), a quarter of the
numbers; who is near by those is compared again in full. So cosines are exact, and a true neighbour is
missed where it lies in a cell that was not looked at, or among very many equally near ones.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from fingerprint.threads import on_all_cores
from indexes import cells
from indexes.cells import Codes, Floats

Ints = NDArray[np.int64]
Read = Callable[[Ints], Codes]
"""Returns stored vectors by number."""

_AXES = 128
"""Directions that hold nine tenths of the squares of the bulk encoder's vectors, of prompts of all kinds."""
_CELLS, _ENOUGH = 3, 2000
"""A vector's neighbours are sought in so many cells, its own among them, and more until they hold so many
vectors: what that costs is as much for a vector of a small log, whose cells are small.
"""
_CANDIDATES = 3  # times as many as are wanted are compared in full
_ROWS_AT_ONCE = 1 << 14
_MOST = 1 << 13  # vectors of a cell
_GROUP = 32  # columns that are passed over where the largest of them is too small
_TILE = 128  # rows of a product: with some thousand columns it stays in a core's cache


def neighbours(read: Read, total: int, count: int) -> tuple[NDArray[np.int32], Floats]:
    """Return (rows, cosines), (total, count) each: the nearest others of each vector, best first.

    read: gives (n, d) vectors by their (n,) numbers below total. Fewer others: row -1 with cosine -1.
    """
    rows = np.full((total, count), -1, dtype=np.int32)
    cosines = np.full((total, count), -1, dtype=np.float32)
    if total < 2:
        return rows, cosines
    short, lengths = _shortened(read, total)
    centres = cells.centres_for(short)
    order, starts = cells.divided(short, centres)
    starts, centres = _cut(starts, centres)
    size = np.diff(starts)

    def look(cell: int) -> None:
        mine = order[starts[cell] : starts[cell + 1]]
        if not len(mine):
            return
        closeness = centres @ centres[cell]
        closeness[cell] = np.inf  # first, whatever lies in the same place
        by_closeness = np.argsort(-closeness, kind="stable")
        enough = int(np.searchsorted(np.cumsum(size[by_closeness]), _ENOUGH)) + 1
        beside = by_closeness[: max(_CELLS, enough)]
        others = np.concatenate([order[starts[c] : starts[c + 1]] for c in beside])
        near, full, long = cells.unit(short[others]), read(others), lengths[others]
        for first in range(0, len(mine), _TILE):
            tile = slice(first, min(first + _TILE, len(mine)))
            product = near[tile] @ near.T
            found = _best(product, tile.start, full, long, count, _CANDIDATES * count)
            place = mine[tile]
            rows[place], cosines[place] = np.where(found[0] < 0, -1, others[found[0]]), found[1]

    on_all_cores(look, range(len(centres)))
    return rows, cosines


def mutual(rows: NDArray[np.int32], cosines: Floats, least: float) -> tuple[Ints, Ints]:
    """Return (left, right), left < right: the pairs that are each other's neighbours, at least so near."""
    pairs = _mutual(rows, cosines, np.float32(least))
    return pairs[0], pairs[1]


def _shortened(read: Read, total: int) -> tuple[Codes, Floats]:
    """Return (vectors, lengths): (total, at most _AXES) along the directions that they are largest in, and
    (total,) lengths in full.
    """
    sample = np.unique(np.linspace(0, total - 1, 2 * _ROWS_AT_ONCE).astype(np.int64))
    seen = cells.unit(read(sample))
    axes = np.ascontiguousarray(np.linalg.eigh(seen.T @ seen)[1][:, ::-1][:, :_AXES])
    short = np.empty((total, axes.shape[1]), dtype=np.int8)
    lengths = np.empty(total, dtype=np.float32)

    def shorten(first: int) -> None:
        some = slice(first, min(first + _ROWS_AT_ONCE, total))
        rows = read(np.arange(some.start, some.stop)).astype(np.float32)
        lengths[some] = np.linalg.norm(rows, axis=1)
        short[some] = cells.quantised(rows @ axes)

    on_all_cores(shorten, range(0, total, _ROWS_AT_ONCE))
    return short, lengths


def _cut(starts: Ints, centres: Floats) -> tuple[Ints, Floats]:
    """Return (starts, centres) with cells of more than _MOST vectors in several, around the same centre.

    That many lie so close where they are all alike; any of them are as near as others.
    """
    firsts = [np.arange(first, max(last, first + 1), _MOST) for first, last in pairwise(starts.tolist())]
    again = np.repeat(np.arange(len(centres)), [len(cuts) for cuts in firsts])
    return np.concatenate([*firsts, starts[-1:]]), centres[again]


@njit(nogil=True, cache=True, fastmath=True)
def _best(near, first, codes, lengths, count, candidates):  # type: ignore[no-untyped-def]
    """Return (columns, cosines), (n, count): of the largest of each row of near, those nearest in full.

    Row i stands for column first + i, which is not its own neighbour; near is written to.
    """
    columns = np.full((near.shape[0], count), -1, np.int64)
    cosines = np.full((near.shape[0], count), np.float32(-1))
    held = np.empty(candidates, np.int64)
    value = np.empty(candidates, np.float32)
    top = np.empty((near.shape[1] + _GROUP - 1) // _GROUP, np.float32)
    for i in range(near.shape[0]):
        me, row = first + i, near[i]
        row[me] = -2
        _tops(row, top)
        held[:], value[:] = -1, -2
        for group in range(top.size):
            if top[group] > value[-1]:
                _put(held, value, group, top[group])
        floor = value[-1]  # as many groups hold one that is as large
        held[:], value[:] = -1, -2
        for group in range(top.size):
            if top[group] >= floor:
                for j in range(group * _GROUP, min((group + 1) * _GROUP, row.size)):
                    if row[j] >= floor and row[j] > value[-1]:
                        _put(held, value, j, row[j])
        for j in held:
            if j < 0:
                break
            dot = np.int32(0)
            for k in range(codes.shape[1]):
                dot += np.int32(codes[me, k]) * np.int32(codes[j, k])
            exact = np.float32(dot) / max(lengths[me] * lengths[j], np.float32(1))
            if exact > cosines[i, -1]:
                _put(columns[i], cosines[i], j, exact)
    return columns, cosines


@njit(nogil=True, cache=True, fastmath=True)
def _tops(row, top):  # type: ignore[no-untyped-def]
    """Write the largest of each _GROUP numbers of a row."""
    whole = row.size // _GROUP
    for group in range(top.size):
        largest = row[group * _GROUP]
        if group < whole:  # a loop of fixed length is compiled to a few instructions
            for j in range(_GROUP):
                largest = max(largest, row[group * _GROUP + j])
        else:
            for j in range(group * _GROUP, row.size):
                largest = max(largest, row[j])
        top[group] = largest


@njit(nogil=True, cache=True)
def _put(held, values, number, value):  # type: ignore[no-untyped-def]
    """Put a number among those held, largest value first; the last falls out."""
    place = held.size - 1
    while place > 0 and values[place - 1] < value:
        values[place], held[place] = values[place - 1], held[place - 1]
        place -= 1
    values[place], held[place] = value, number


@njit(nogil=True, cache=True)
def _mutual(rows, cosines, least):  # type: ignore[no-untyped-def]
    """Return the (2, m) pairs, once to count them and once to write them."""
    out = np.empty((2, 0), np.int64)
    for write in (False, True):
        made = 0
        for i in range(rows.shape[0]):
            for place in range(rows.shape[1]):
                j = rows[i, place]
                if j <= i or cosines[i, place] < least:
                    continue
                for back in range(rows.shape[1]):
                    if rows[j, back] == i:
                        if write:
                            out[0, made], out[1, made] = i, j
                        made += 1
                        break
        if not write:
            out = np.empty((2, made), np.int64)
    return out
