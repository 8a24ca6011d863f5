"""How far the times of use of two sets of accounts coincide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MOST = 400  # intervals of a set; more are thinned out evenly, as every pair is looked at


def coincidence(left: NDArray[np.int64], right: NDArray[np.int64] | None = None) -> float:
    """Return the mean intersection over union of intervals, 0 to 1.

    left, right: (n, 2) first and last time of each account, microseconds. Every interval of one set
    against every one of the other; without `right`, every two of one set.
    """
    mine = _thinned(left)
    theirs = mine if right is None else _thinned(right)
    start, end = mine[:, :1], mine[:, 1:]
    both = (np.minimum(end, theirs[:, 1]) - np.maximum(start, theirs[:, 0])).clip(0)
    either = (np.maximum(end, theirs[:, 1]) - np.minimum(start, theirs[:, 0])).clip(1)
    shares = both / either
    return float(shares[np.triu_indices(len(mine), 1)].mean() if right is None else shares.mean())


def _thinned(intervals: NDArray[np.int64]) -> NDArray[np.int64]:
    count = len(intervals)
    return intervals[np.linspace(0, count - 1, min(count, _MOST)).astype(np.int64)]
