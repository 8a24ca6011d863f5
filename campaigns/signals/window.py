"""Window: a campaign has a beginning and an end, a product goes on.

How much of the log's time the middle nine tenths of the requests take. A harvest is done when the bank
is; an app, a framework or a phrase is there before the log begins and after it ends. Fads are
short too, so what is short is only not excluded.
"""

from __future__ import annotations

import numpy as np

from campaigns.candidates import Candidate
from campaigns.log import DAY_US
from campaigns.signals.base import Evidence
from indexes.snapshot import NO_TIME

_LEAST_REQUESTS = 10


def window(candidate: Candidate) -> Evidence | None:
    """Measure the part of the log's time that most requests take."""
    times = candidate.time_us[candidate.time_us != NO_TIME]
    if len(times) < _LEAST_REQUESTS or candidate.log.span_us == 0:
        return None
    first, last = np.quantile(times, [0.05, 0.95])
    part = float((last - first) / candidate.log.span_us)
    days = (last - first) / DAY_US
    text = f"nine tenths of the requests came within {days:.1f} days, {part:.0%} of the log's time"
    return Evidence("window", 1 - 2 * part, part, text)
