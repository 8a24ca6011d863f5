"""Load: a dispatcher spreads work evenly, people do not.

Requests per person are spread like a log-normal over more than a decade. The spread of the
middle half of the accounts, in logarithms and less what counting noise adds, is near 0 where a
queue hands out the work. The middle half, because a pool often has a few hot accounts.

Honest even loads exist: one company deals its jobs over its own few keys, and a class works
through the same hour. Both grow rarer with the number of accounts and with the days of use.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.log import DAY_US
from campaigns.signals.base import Evidence, log_ratio, normal

_LEAST_ACCOUNTS = 8
_LEAST_REQUESTS = 3  # with fewer per account, counting noise hides everything
_QUARTILES = 1.349  # interquartile range of a normal distribution in deviations
_COMPANY = 15  # accounts; twice as many halve the chance that one party deals the work
_LESSON_DAYS = 0.5


def load(candidate: Candidate) -> Evidence | None:
    """Measure how unevenly the requests are spread over the accounts."""
    median = float(np.median(candidate.counts))
    if len(candidate.accounts) < _LEAST_ACCOUNTS or median < _LEAST_REQUESTS:
        return None
    low, high = np.percentile(np.log(candidate.counts), [25, 75])
    spread = min(2.0, float(((high - low) / _QUARTILES) ** 2 - 1 / median))
    days = float(np.median(np.diff(candidate.used))) / DAY_US
    honest = 0.4 if days < _LESSON_DAYS else 0.04 + 0.2 / (1 + len(candidate.accounts) / _COMPANY)
    even, uneven = normal(spread, 0, 0.15), normal(spread, 0.8, 0.55)
    weight = log_ratio(0.6 * even + 0.4 * uneven, honest * even + (1 - honest) * uneven)
    low, high = np.percentile(candidate.counts, [25, 75])
    how = "evenly" if weight > 0 else "unevenly, as people do"
    text = f"the work is spread {how}: half of the accounts sent between {low:.0f} and {high:.0f} requests"
    return Evidence("load", weight, spread, text)
