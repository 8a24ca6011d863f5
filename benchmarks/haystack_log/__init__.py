"""A log of any size to search for needles: LiteLLM JSONL, written as fast as it can be read.

    rows             what a request is, as arrays; no Python object per request
    lexicon          words of several languages, as bytes
    templates        fixed texts with slots, as bytes
    crowd, machines, operations, hot    who sends what, when: stories that fill rows
    world            all stories together, ordered by time
    render, scribe   rows into JSON lines (numba)
    write            lines into zstd files, and the truth beside them

The same seed and size give the same bytes.
"""
