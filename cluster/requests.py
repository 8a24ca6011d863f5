"""The requests that candidates are made of and judged by, brought together by Spark.

Of a log of any size the driver sees the requests in families and those of some thousands of ordinary
accounts, their prompts and what belongs to them, numbered anew in their old order. What else judging
asks of the log is counted where it lies: accounts' activity, clients, releases.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from campaigns.accounts import sorted_distinct
from campaigns.chance import NullModel, stretches
from campaigns.families import Families
from campaigns.log import SETTLED_US, SOON_US, Release, product_of, some_of
from cluster.activity import count_activity, in_families
from cluster.ground import Counted, Portion, Reduced, codes_of
from cluster.naming import Said, known_times
from cluster.numbers import VALUES, Ints, Numbers, Prompts
from cluster.stages import Piece, Stages, joined, spread
from indexes.segment import NO_TIME, PROMPT_SEGMENTS
from indexes.snapshot import Requests, Snapshot

_ROWS = 1 << 16  # in one blob


def reduced(
    stages: Stages, snapshot: Snapshot, numbers: Numbers, said: list[Said], words: Families
) -> Reduced:
    """Return the ground of families that stages have found, as `campaigns.gather.Ground.of` gives it."""
    members, within = sorted_distinct(words.prompt.copy()), known_times(said)
    numbers.share(members=members)
    activity = count_activity(stages, numbers, within)
    ordinary = some_of(activity.independent)
    requests, names, wanted = _requests(_rows(stages, numbers, ordinary), said, members)
    numbers.share(wanted=wanted)

    released = activity.models[activity.models[:, 1] >= within[0] + SETTLED_US]
    released = released[np.isin(released[:, 0], names["model"])]
    products = {product_of(str(agent)) for agent in requests.user_agent.values.to_pylist()}
    facts = _facts(stages, numbers, products, released)
    stretch, count = stretches(requests.time_us, within)
    table_of = np.zeros((len(names["account"]), count))
    table_of[np.searchsorted(names["account"], activity.active[:, 0]), activity.active[:, 1]] = (
        activity.active[:, 2]
    )
    rows = np.flatnonzero(np.isin(names["account"], ordinary)[requests.account.codes])
    counted = Counted(
        size=(int(numbers.request[-1]), activity.known),
        activity=table_of.sum(axis=1).astype(np.int64),
        span_us=within[1] - within[0],
        ordinary=rows[np.argsort(requests.account.codes[rows], kind="stable")],
        by_product=facts.by_product,
        releases=tuple(
            Release(int(np.searchsorted(names["model"], name)), time, soon, moved)
            for (name, time), (soon, moved) in zip(released.tolist(), facts.moved.tolist(), strict=True)
        ),
    )
    text, tokens, hidden = facts.prompts.T
    portion = Portion(snapshot.workspace, requests, text, tokens.astype(np.uint32), hidden.astype(np.uint32))
    families = Families(words.family, np.searchsorted(wanted, words.prompt), words.kind)
    model = NullModel(requests.account.codes, stretch, table_of, activity.total.astype(np.float64).clip(1))
    return Reduced.on(portion, families, model, counted)


def _rows(stages: Stages, numbers: Numbers, ordinary: Ints) -> list[tuple[int, pa.Table]]:
    """Return the requests in families and those of ordinary accounts, in order.

    Before them, their parts below nought, come tables of the values that they name.
    """

    def chosen(number: int) -> Iterator[Piece]:
        mine, before = numbers.of(number), int(numbers.request[number])
        rows = np.flatnonzero(in_families(mine) | np.isin(mine.of_accounts()[0], ordinary))
        found = mine.segment.requests(["request_id", "time_us", "user_turns"], as_strings=True).take(rows)
        table = {
            "request_id": found.column("request_id").cast(pa.large_string()),
            "time_us": found.column("time_us").fill_null(NO_TIME),
            "user_turns": found.column("user_turns"),
            **dict(zip(PROMPT_SEGMENTS, map(pa.array, mine.held()[rows].T), strict=True)),
        }
        for kind, name in enumerate(VALUES):
            values, names = mine.values(name), mine.names(name)
            table[name] = pa.array(names[values.codes[rows]])
            used = np.unique(values.codes[rows])
            told = {"name": names[used], "value": values.values.take(used).cast(pa.large_string())}
            yield -1 - number * len(VALUES) - kind, _packed(pa.table(told))
        for first in range(0, len(rows), _ROWS):
            yield before + first, _packed(pa.table(table).slice(first, _ROWS))

    rows = stages.rows("requests", lambda: spread(stages.spark, len(numbers.segments), chosen))
    return [(part, pa.ipc.open_stream(blob).read_all()) for part, blob in rows]


def _requests(
    tables: list[tuple[int, pa.Table]], said: list[Said], members: Ints
) -> tuple[Requests, dict[str, Ints], Ints]:
    """Return the requests, the names of each column's values, and the old numbers of the prompts wanted."""
    empty = pa.schema([(name, pa.int64()) for name in ("time_us", "user_turns", *PROMPT_SEGMENTS, *VALUES)])
    empty = empty.append(pa.field("request_id", pa.large_string()))
    found = [table.select(empty.names).cast(empty) for part, table in tables if part >= 0]
    table = pa.concat_tables([empty.empty_table(), *found])
    prompts = np.stack([table.column(name).to_numpy() for name in PROMPT_SEGMENTS], axis=1)
    wanted = sorted_distinct(np.concatenate([members, prompts[prompts >= 0]]))
    columns = {}
    for kind, name in enumerate(VALUES):
        told = [each for part, each in tables if part < 0 and (-1 - part) % len(VALUES) == kind]
        columns[name] = codes_of(table.column(name).to_numpy(), told, [one.some[kind] for one in said])
    ids = table.column("request_id")
    return (
        Requests(
            read_ids=lambda: ids.combine_chunks(),
            **{name: codes for name, (_, codes) in columns.items()},
            time_us=table.column("time_us").to_numpy(),
            user_turns=table.column("user_turns").to_numpy().astype(np.int32),
            prompts=np.where(prompts >= 0, np.searchsorted(wanted, prompts), -1).astype(np.int32),
        ),
        {name: names for name, (names, _) in columns.items()},
        wanted,
    )


@dataclass(frozen=True)
class _Facts:
    """prompts: (n, 3) first text, tokens and hidden characters of each wanted prompt. by_product: requests of
    clients. moved: (releases, 2) requests soon after each, and those of them that went to the model.
    """

    prompts: Ints
    by_product: dict[str, int]
    moved: Ints


class _Counts(msgspec.Struct, frozen=True):
    by_product: dict[str, int]
    moved: list[tuple[int, int]]


def _facts(stages: Stages, numbers: Numbers, products: set[str], released: Ints) -> _Facts:
    """Look up the wanted prompts and count clients and moves. released: (m, 2) model and first time."""
    count = len(numbers.segments)
    texts = np.concatenate([[0], np.cumsum([len(numbers.reader(n).canonical) for n in range(count)])])

    def facts(number: int) -> Iterator[Piece]:
        mine, wanted = numbers.of(number), numbers.shared("wanted")
        begin, end = np.searchsorted(wanted, numbers.first[number : number + 2])
        own = wanted[begin:end] - mine.first
        text = mine.texts[own].astype(np.int64)
        known = np.stack([text + texts[number], mine.facts("tokens")[text], mine.hidden[own]], axis=1)
        for first in range(0, len(own), _ROWS):
            yield int(begin) + first, known[first : first + _ROWS]
        yield -1 - number, msgspec.json.encode(_Counts(_uses(mine, products), _moved(mine, released)))

    rows = stages.rows("facts", lambda: spread(stages.spark, count, facts))
    counts = [msgspec.json.decode(blob, type=_Counts) for part, blob in rows if part < 0]
    return _Facts(
        joined([blob for part, blob in rows if part >= 0], np.int64).reshape(-1, 3),
        {product: sum(each.by_product[product] for each in counts) for product in products},
        np.array([each.moved for each in counts], np.int64).reshape(count, -1, 2).sum(axis=0),
    )


def _uses(mine: Prompts, products: set[str]) -> dict[str, int]:
    """Return how many requests of a segment came from each product."""
    agents, found = mine.values("user_agent"), dict.fromkeys(products, 0)
    uses = np.bincount(agents.codes, minlength=len(agents.values))
    for agent, requests in zip(agents.values.to_pylist(), uses.tolist(), strict=True):
        product = product_of(str(agent))
        if product in found:
            found[product] += requests
    return found


def _moved(mine: Prompts, released: Ints) -> list[tuple[int, int]]:
    """Return how many requests of a segment came soon after each release, and how many went to its model."""
    times, model = mine.segment.times, mine.names("model")[mine.values("model").codes]
    moved = []
    for name, first in released.tolist():
        soon = (times >= first) & (times < first + SOON_US)
        moved.append((int(soon.sum()), int((model[soon] == name).sum())))
    return moved


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
