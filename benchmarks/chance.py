"""Are the p-values of `campaigns.chance` uniform on honest traffic?

    python benchmarks/chance.py --index DIR [--truth TRUTH.jsonl.zst] [--families 1000]

Takes families of an index, after leaving out the requests that TRUTH labels "campaign", gives each
a partner family at random, and compares their shared accounts with what chance explains. A count
is discrete, so its p-value is drawn evenly between P(more) and P(at least so many). Prints a
histogram and the Kolmogorov-Smirnov test against the uniform distribution.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import numpy as np
import zstandard
from scipy import stats

from campaigns.accounts import Senders
from campaigns.candidates import Memberships
from campaigns.chance import NullModel
from campaigns.families import MIN_ACCOUNTS, find_families
from campaigns.gather import near_copies
from campaigns.parts import parts
from indexes.snapshot import Snapshot
from indexes.workspace import Workspace


def honest_requests(snapshot: Snapshot, truth: Path | None) -> np.ndarray:
    """Return (requests,) which requests are not a campaign's."""
    if truth is None:
        return np.ones(len(snapshot.requests), dtype=np.bool_)
    with truth.open("rb") as stream:
        rows = zstandard.ZstdDecompressor().stream_reader(stream).read().splitlines()
    guilty = {row["request_id"] for row in map(msgspec.json.decode, rows) if row["label"] == "campaign"}
    return np.array([name not in guilty for name in snapshot.requests.ids.to_pylist()])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--families", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    snapshot = Snapshot(Workspace.open(options.index))
    requests, prompts = snapshot.requests, len(snapshot.text_of)
    families = find_families(snapshot.spans(), Senders.of(requests, prompts), near_copies(snapshot))
    members = Memberships.of(families, requests, prompts)
    whole = parts(members.family, members.request, families.size)
    honest = honest_requests(snapshot, options.truth)

    # The honest log alone: campaign requests neither count as activity nor as members.
    number = np.cumsum(honest) - 1
    model = NullModel.of(requests.account.codes[honest], requests.time_us[honest])
    kept = honest[members.request]
    pairs = np.unique(whole[members.family[kept]] * np.int64(len(requests)) + members.request[kept])
    family, request = pairs // len(requests), number[pairs % len(requests)]
    names, first = np.unique(family, return_index=True)
    rows = {int(f): mine for f, mine in zip(names, np.split(request, first[1:]), strict=True)}
    use = {f: model.use(mine) for f, mine in rows.items()}
    large = [f for f in rows if use[f].accounts >= MIN_ACCOUNTS]

    # Partners are drawn by size: between two small families chance gives nothing to see.
    random = np.random.default_rng(options.seed)
    weight = np.array([use[f].accounts for f in large], dtype=np.float64)
    chosen = random.permutation(large)[: options.families]
    shared, expected = [], []
    for f in chosen.tolist():
        g = f
        while g == f:
            g = int(random.choice(large, p=weight / weight.sum()))
        both = np.intersect1d(rows[f], rows[g])
        mine, theirs = (np.unique(model.account[np.setdiff1d(rows[h], both)]) for h in (f, g))
        shared.append(np.intersect1d(mine, theirs).size)
        expected.append(model.expected(use[f], use[g]))
    more, least = stats.poisson.sf(shared, expected), stats.poisson.sf(np.array(shared) - 1, expected)
    p = more + random.random(len(shared)) * (least - more)
    test = stats.kstest(p, "uniform")
    print(f"{len(p)} families of {len(large)}; shared accounts {sum(shared)}, expected {sum(expected):.1f}")
    print("p-values by tenths:", np.histogram(p, 10, (0, 1))[0].tolist())
    print(f"Kolmogorov-Smirnov D = {test.statistic:.4f}, p = {test.pvalue:.3f}")


if __name__ == "__main__":
    main()
