"""What candidates are gathered from and judged against where the driver holds but a part of the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.chance import NullModel
from campaigns.families import Families
from campaigns.gather import Ground
from campaigns.log import Log, Release
from cluster.numbers import Ints
from indexes.snapshot import Codes, Requests, Snapshot

_TOLD = pa.schema([("name", pa.int64()), ("value", pa.large_string())])


@dataclass(frozen=True)
class Counted:
    """What the whole log says. size: requests, known accounts. activity: (accounts,) requests of each account
    in families. ordinary: as in Log. by_product: requests of each client.
    """

    size: tuple[int, int]
    activity: Ints
    span_us: int
    ordinary: Ints
    by_product: dict[str, int]
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Portion(Snapshot):
    """A snapshot of which only some requests are at hand, and their prompts, numbered anew in their order."""

    some: Requests
    texts: Ints
    token_counts: NDArray[np.uint32]
    hidden_counts: NDArray[np.uint32]

    @cached_property
    def requests(self) -> Requests:
        """The requests at hand."""
        return self.some

    @property
    def text_of(self) -> Ints:
        """(prompts,) int64, the first text of each prompt."""
        return self.texts

    @cached_property
    def tokens(self) -> NDArray[np.uint32]:
        """(prompts,) token counts."""
        return self.token_counts

    @cached_property
    def hidden(self) -> NDArray[np.uint32]:
        """(prompts,) characters hidden among Latin letters, in the spelling that has most."""
        return self.hidden_counts


@dataclass(frozen=True, eq=False)
class PartialLog(Log):
    """A log of which only some requests are at hand; the others are counted."""

    counted: Counted

    @cached_property
    def activity(self) -> Ints:
        """(accounts,) requests of each account in families."""
        return self.counted.activity

    @cached_property
    def span_us(self) -> int:
        """Time from the log's first request to its last."""
        return self.counted.span_us

    @cached_property
    def ordinary(self) -> Ints:
        """Requests of some thousands of independent accounts."""
        return self.counted.ordinary

    @cached_property
    def products(self) -> tuple[list[str], Ints, Ints]:
        """(product names, product of each user agent, requests of each product)."""
        names, product, _ = super().products
        return names, product, np.array([self.counted.by_product[name] for name in names])

    @cached_property
    def releases(self) -> tuple[Release, ...]:
        """The models that the log first sees some days after it begins, of those at hand."""
        return self.counted.releases


@dataclass(frozen=True)
class Reduced(Ground):
    """The ground of families of words; in an index with vectors there is none."""

    counted: Counted = field(kw_only=True)

    @classmethod
    def on(cls, portion: Portion, words: Families, model: NullModel, counted: Counted) -> Reduced:
        """Return the ground of some requests."""
        nobody = Senders(np.zeros(1, np.int64), np.empty(0, np.int32), 0)
        return cls(portion, words, nobody, np.empty(0, np.int64), model, counted=counted)

    @property
    def size(self) -> tuple[int, int]:
        """Return (requests, known accounts) of the whole log."""
        return self.counted.size

    def meaning(self, settled: list[NDArray[np.int64]]) -> Families:
        """Return no families: there are no vectors."""
        return Families(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, "U8"))

    alike = meaning

    def log(self, shared: NDArray[np.bool_]) -> Log:
        """Return the log that candidates are judged against."""
        portion = self.snapshot
        return PartialLog(portion.requests, portion.hidden, portion.tokens, shared, self.counted)


def codes_of(named: Ints, told: Sequence[pa.Table], some: Sequence[Sequence[str]]) -> tuple[Ints, Codes]:
    """Return (names, codes): a column's values, which go by names, as codes in the names' order.

    told: tables of `name` and `value`. some: values that the log has, two of them if there are: a column
    of one value here may have others elsewhere, and says more then.
    """
    names, codes = np.unique(named, return_inverse=True)
    table = pa.concat_tables([_TOLD.empty_table(), *told])
    first = np.unique(table.column("name").to_numpy(), return_index=True)[1]
    values = table.column("value").take(pa.array(first)).cast(pa.string()).combine_chunks()
    if len(values) < 2:
        every = dict.fromkeys([*values.to_pylist(), *(value for each in some for value in each)])
        values = pa.array(list(every)[:2], pa.string())
    return names, Codes(codes.astype(np.int32), values)
