"""Where a planted campaign is lost: python gathering.py INDEX TRUTH.parquet. Prints JSON.

Runs the report's first steps again and looks at each campaign's requests after every one: are they
in a template family at all, in one family, in one group of linked families, in one pool?
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from campaigns.accounts import Senders
from campaigns.candidates import Memberships
from campaigns.chance import NullModel
from campaigns.families import find_families
from campaigns.gather import near_copies
from campaigns.linking import link_families
from campaigns.log import Log
from campaigns.pools import pools
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


class Gathered(msgspec.Struct, frozen=True):
    """The parts of a campaign's requests in any family, and in the one family, group of linked
    families, and pool that holds most of them. pure: the part of that pool that is the campaign's.
    """

    campaign: str
    requests: int
    in_families: float
    in_one_family: float
    in_one_group: float
    in_one_pool: float
    pure: float


def gathering(snapshot: Snapshot, truth: pa.Table) -> list[Gathered]:
    """Return what each step keeps together of each campaign."""
    requests, prompts = snapshot.requests, len(snapshot.text_of)
    families = find_families(snapshot.spans(), Senders.of(requests, prompts), near_copies(snapshot))
    members = Memberships.of(families, requests, prompts)
    model = NullModel.of(requests.account.codes, requests.time_us)
    links = link_families(members.family, members.request, families.size, model)
    shared = members.shared(len(requests))
    groups = members.candidates(links, Log(requests, snapshot.hidden, snapshot.tokens, shared))
    group_rows = [group.rows for group in groups]
    pool_rows = [pool.rows for group in groups for pool in pools(group, members)]
    found = []
    for name in sorted(set(truth["campaign"].to_pylist())):
        ids = truth.filter(pc.equal(truth["campaign"], name))["request_id"].combine_chunks()
        mine = pc.is_in(requests.ids, value_set=ids.cast(pa.large_string())).to_numpy(zero_copy_only=False)
        family = int(np.bincount(members.family[mine[members.request]], minlength=1).max())
        (grouped, _), (pooled, size) = _fullest(group_rows, mine), _fullest(pool_rows, mine)
        kept = (
            int((mine & shared).sum()) / len(ids),
            family / len(ids),
            grouped / len(ids),
            pooled / len(ids),
        )
        found.append(Gathered(name, len(ids), *(round(part, 4) for part in (*kept, pooled / size))))
    return found


def _fullest(sets: list[NDArray[np.int64]], mine: NDArray[np.bool_]) -> tuple[int, int]:
    """Return (requests of ours, size) of the set that holds most of ours."""
    return max(((int(mine[rows].sum()), len(rows)) for rows in sets), default=(0, 1))


if __name__ == "__main__":
    opened = Snapshot(Workspace.open(Path(sys.argv[1])))
    sys.stdout.buffer.write(msgspec.json.encode(gathering(opened, pq.read_table(sys.argv[2]))))
