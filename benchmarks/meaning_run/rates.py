"""How fast texts of 60 words are encoded, beside the transformer in the same run."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from meaning_run.texts import LANGUAGES, sixty_words

_ROUNDS = 3  # the middle one counts: other programs come and go
_BULK, _DEEP = 10_000, 64


def rates() -> dict[str, Any]:
    """Return prompts a second, also as a multiple of MiniLM's, and memory before torch comes."""
    from fingerprint.bulk import load_bulk_encoder
    from fingerprint.embedding import load_encoder

    bulk = load_bulk_encoder()
    by_language = {name: _rates(bulk.encode, sixty_words(name, _BULK)) for name in LANGUAGES}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    minilm = _rates(load_encoder().encode, sixty_words("en", _DEEP))
    english = _rates(bulk.encode, sixty_words("en", _BULK))  # again, beside MiniLM
    return {
        "bulk": by_language,
        "bulk_peak_mib": peak,
        "minilm_fp32": minilm,
        "bulk_over_minilm": {way: round(english[way] / minilm[way]) for way in english},
    }


def _rates(encode: Callable[[Sequence[str]], object], texts: list[str]) -> dict[str, float]:
    """Return the median prompts a second by the clock, and by processor time spread over two cores."""
    encode(texts)
    clock, processor = [], []
    for _ in range(_ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        encode(texts)
        clock.append(time.perf_counter() - started)
        processor.append((time.process_time() - used) / 2)
    return {
        "by_clock": round(len(texts) / statistics.median(clock), 1),
        "by_processor_2_cores": round(len(texts) / statistics.median(processor), 1),
    }
