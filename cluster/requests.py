"""The requests that candidates are made of and judged by, brought together by Spark.

Of a log of any size the driver sees the requests in families and those of some thousands of ordinary
accounts, their prompts and what belongs to them, numbered anew in their old order. What else judging
asks of the log is counted where it lies: accounts' activity, clients, releases.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from campaigns.accounts import sorted_distinct
from campaigns.chance import NullModel, stretches
from campaigns.families import Families
from campaigns.log import SETTLED_US, SOON_US, Release, product_of, some_of
from cluster.ground import Counted, Portion, Reduced, codes_of
from cluster.naming import Said, known_times
from cluster.numbers import VALUES, Ints, Numbers, Prompts, held_texts, save
from cluster.stages import Piece, Stages, blobs, dealt, gathered, joined, spread
from indexes.segment import NO_TIME
from indexes.snapshot import Requests, Snapshot

_PARTS = 64  # that accounts are cut into
_ROWS = 1 << 16  # requests in one blob
_ORDINARY, _ACTIVE, _TOTAL, _MODELS = range(4)
_COUNTS = 4  # columns: account and stretch, requests, those in families, those that name the account


def reduced(
    stages: Stages, snapshot: Snapshot, numbers: Numbers, said: list[Said], words: Families
) -> Reduced:
    """Return the ground of families that stages have found, as `campaigns.gather.Ground.of` gives it."""
    members = sorted_distinct(words.prompt.copy())
    save(numbers.folder, members=members)
    within = known_times(said)
    counts = _accounts(stages, numbers, within)
    independent = np.sort(joined(counts[_ORDINARY], np.int64))
    known, *total = joined(counts[_TOTAL], np.int64).reshape(len(counts[_TOTAL]), -1).sum(axis=0).tolist()
    table, values = _rows(stages, numbers, some_of(independent))
    prompts = np.stack([table.column(f"prompt_{i}").to_numpy() for i in range(4)], axis=1)
    wanted = sorted_distinct(np.concatenate([members, prompts[prompts >= 0]]))
    save(numbers.folder, wanted=wanted)
    columns = {
        name: codes_of(table.column(name).to_numpy(), values[name], [s.some[kind] for s in said])
        for kind, name in enumerate(VALUES)
    }
    numbered = {name: keys for name, (keys, _) in columns.items()}
    time_us = table.column("time_us").to_numpy()
    requests = Requests(
        read_ids=lambda: table.column("request_id").combine_chunks(),
        **{name: codes for name, (_, codes) in columns.items()},
        time_us=time_us,
        user_turns=table.column("user_turns").to_numpy(),
        prompts=np.where(prompts >= 0, np.searchsorted(wanted, prompts), -1).astype(np.int32),
    )
    first_seen = _summed(joined(counts[_MODELS], np.int64).reshape(-1, 2), np.minimum)
    models = first_seen[np.isin(first_seen[:, 0], numbered["model"])]
    models = models[(models[:, 1] != NO_TIME) & (models[:, 1] >= within[0] + SETTLED_US)]
    agents = requests.user_agent.values.to_pylist()
    products = {product_of(str(agent)) for agent in agents}
    facts, by_product, moved = _facts(stages, numbers, products, models)
    releases = tuple(
        Release(int(np.searchsorted(numbered["model"], key)), int(time), int(soon), int(to))
        for (key, time), (soon, to) in zip(models.tolist(), moved.tolist(), strict=True)
    )
    accounts = numbered["account"]
    stretch, count = stretches(time_us, within)
    activity = np.zeros((len(accounts), count))
    active = joined(counts[_ACTIVE], np.int64).reshape(-1, 2)
    place = np.searchsorted(accounts, active[:, 0] // count)
    activity[place, active[:, 0] % count] = active[:, 1]
    model = NullModel(requests.account.codes, stretch, activity, np.array(total, np.float64).clip(1))
    ordinary = np.isin(accounts, some_of(independent))[requests.account.codes]
    counted = Counted(
        size=(int(numbers.request[-1]), int(known)),
        activity=activity.sum(axis=1).astype(np.int64),
        span_us=within[1] - within[0],
        ordinary=np.flatnonzero(ordinary)[np.argsort(requests.account.codes[ordinary], kind="stable")],
        by_product=by_product,
        releases=releases,
    )
    text_of, tokens, hidden = facts
    portion = Portion(
        snapshot.workspace, requests, text_of, tokens.astype(np.uint32), hidden.astype(np.uint32)
    )
    families = Families(words.family, np.searchsorted(wanted, words.prompt), words.kind)
    return Reduced.on(portion, families, model, counted)


def _accounts(stages: Stages, numbers: Numbers, within: tuple[int, int]) -> list[list[bytes]]:
    """Count the requests of each account; return the blobs of each kind of result."""

    def count(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        (account, known), shared = mine.of_accounts(), _shared(mine)
        stretch, stretched = stretches(mine.segment.times, within)
        code, place = np.unique(account * stretched + stretch, return_inverse=True)
        each = [np.bincount(place, w, len(code)).astype(np.int64) for w in (None, shared, known)]
        counts = np.stack([code, *each], axis=1)
        yield from dealt(counts, (code // stretched) % _PARTS)
        model, timed = mine.values("model").codes, mine.segment.times != NO_TIME
        first = np.full(len(mine.names("model")), np.iinfo(np.int64).max)
        np.minimum.at(first, model[timed], mine.segment.times[timed])
        there = first < np.iinfo(np.int64).max
        yield from blobs(_PARTS, np.stack([mine.names("model"), first], axis=1)[there])

    def met(part: int, rows: list[bytes]) -> Iterator[Piece]:
        if part == _PARTS:
            yield from blobs(_MODELS, _summed(joined(rows, np.int64).reshape(-1, 2), np.minimum))
            return
        stretched = stretches(np.array([within[1]]), within)[1]
        counts = _summed(joined(rows, np.int64).reshape(-1, _COUNTS), np.add)
        account, place = np.unique(counts[:, 0] // stretched, return_inverse=True)
        requests, shared, known = (np.bincount(place, counts[:, i], len(account)) for i in (1, 2, 3))
        yield from blobs(_ORDINARY, account[2 * (requests - shared) > requests])
        yield from blobs(_ACTIVE, counts[(shared > 0)[place], :2])
        total = np.bincount(counts[:, 0] % stretched, counts[:, 1], stretched)
        yield _TOTAL, np.array([(known > 0).sum(), *total], np.int64)

    rows = stages.rows("accounts", lambda: gathered(spread(stages.spark, len(numbers.segments), count), met))
    return [[blob for part, blob in rows if part == kind] for kind in range(4)]


def _rows(
    stages: Stages, numbers: Numbers, ordinary: Ints
) -> tuple[pa.Table, dict[str, list[tuple[Ints, pa.Array]]]]:
    """Return the requests in families and of ordinary accounts, in order, and the names of their values."""
    columns = ["request_id", "time_us", "user_turns"]

    def chosen(number: int) -> Iterator[Piece]:
        mine = numbers.of(number)
        account, _ = mine.of_accounts()
        rows = np.flatnonzero(_shared(mine) | np.isin(account, ordinary))
        table = mine.segment.requests(columns, as_strings=True).take(rows)
        table = table.set_column(1, "time_us", table.column("time_us").fill_null(NO_TIME))
        for name in VALUES:
            values, names = mine.values(name), mine.names(name)
            table = table.append_column(name, pa.array(names[values.codes[rows]]))
            used = np.unique(values.codes[rows])
            kept = pa.table(
                [pa.array(names[used]), values.values.take(pa.array(used)).cast(pa.large_string())],
                ["key", "value"],
            )
            yield -1 - number * len(VALUES) - VALUES.index(name), _packed(kept)
        for i, column in enumerate(mine.held()[rows].T):
            table = table.append_column(f"prompt_{i}", pa.array(column))
        table = table.set_column(0, "request_id", table.column("request_id").cast(pa.large_string()))
        for first in range(0, len(rows), _ROWS):
            yield int(numbers.request[number]) + first, _packed(table.slice(first, _ROWS))

    found = [
        (part, pa.ipc.open_stream(blob).read_all())
        for part, blob in stages.rows("requests", lambda: spread(stages.spark, len(numbers.segments), chosen))
    ]
    values: dict[str, list[tuple[Ints, pa.Array]]] = {name: [] for name in VALUES}
    for part, table in found:
        if part < 0:
            values[VALUES[(-1 - part) % len(VALUES)]].append((table["key"].to_numpy(), table["value"]))
    return pa.concat_tables([table for part, table in found if part >= 0]), values


def _facts(
    stages: Stages, numbers: Numbers, products: set[str], models: Ints
) -> tuple[tuple[Ints, Ints, Ints], dict[str, int], Ints]:
    """Return (text, tokens, hidden) of the wanted prompts, requests by product, and of releases.

    models: (m, 2) name and first time of each that was released. Of a release: requests soon after it,
    and those of them that went to the model.
    """
    count = len(numbers.segments)
    texts = np.concatenate([[0], np.cumsum([len(numbers.reader(n).canonical) for n in range(count)])])

    def facts(number: int) -> Iterator[Piece]:
        mine, wanted = numbers.of(number), _written(numbers, "wanted")
        begin, end = np.searchsorted(wanted, numbers.first[number : number + 2])
        own = wanted[begin:end] - mine.first
        text, hidden = mine.texts[own].astype(np.int64), numbers.read(number, "hidden")
        tokens = mine.facts("tokens")[text].astype(np.int64)
        hidden = hidden[own] if len(hidden) else np.zeros(len(own), np.int64)
        for first in range(0, len(own), _ROWS):
            each = slice(first, first + _ROWS)
            rows = np.stack([text[each] + texts[number], tokens[each], hidden[each]], axis=1)
            yield int(wanted[begin + first]), rows
        agents = mine.values("user_agent")
        names = [product_of(str(agent)) for agent in agents.values.to_pylist()]
        uses = np.bincount(agents.codes, minlength=len(names)).tolist()
        found = dict.fromkeys(products, 0)
        for name, uses_of in zip(names, uses, strict=True):
            if name in found:
                found[name] += uses_of
        times, model = mine.segment.times, mine.names("model")[mine.values("model").codes]
        soon = [(times >= first) & (times < first + SOON_US) for _, first in models.tolist()]
        moved = [
            (int(s.sum()), int((model[s] == key).sum())) for s, key in zip(soon, models[:, 0], strict=True)
        ]
        yield -1 - number, msgspec.json.encode((found, moved))

    rows = stages.rows("facts", lambda: spread(stages.spark, count, facts))
    by_product, moved = dict.fromkeys(products, 0), np.zeros((len(models), 2), np.int64)
    for part, blob in rows:
        if part < 0:
            uses, counts = msgspec.json.decode(blob, type=tuple[dict[str, int], list[tuple[int, int]]])
            moved += np.array(counts, np.int64).reshape(-1, 2)
            for name, more in uses.items():
                by_product[name] += more
    text, tokens, hidden = joined([blob for part, blob in rows if part >= 0], np.int64).reshape(-1, 3).T
    return (text, tokens, hidden), by_product, moved


def _shared(mine: Prompts) -> NDArray[np.bool_]:
    """Return (r,) which requests of a segment are in families; only those of known accounts are."""
    member = np.isin(mine.prompt_of, _written(mine.numbers, "members"))
    held = held_texts(mine.segment)
    return np.asarray((np.append(member, False)[held].any(axis=0)) & mine.of_accounts()[1])


def _written(numbers: Numbers, name: str) -> Ints:
    return np.asarray(np.load(numbers.folder / f"{name}.npy", mmap_mode="r"))


def _summed(rows: Ints, what: np.ufunc) -> Ints:
    """Return rows whose first column says what they are about, one each, the others brought together."""
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    first = np.flatnonzero(np.concatenate([[True], rows[1:, 0] != rows[:-1, 0]])[: len(rows)])
    if len(first) == 0:
        return rows
    return np.concatenate([rows[first, :1], what.reduceat(rows[:, 1:], first)], axis=1)


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()
