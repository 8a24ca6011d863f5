"""A log in every layout, and what is read of it."""

import json
from contextlib import suppress

from logsamples import line, litellm

import promptlog
from promptlog.layout import Kind

ENTRIES = [
    litellm(id=f"r{i}", messages=[{"role": "user", "content": f'Solve "[{i}]" {{é, \\ \n'}])
    for i in range(40)
]
OTHERS = {"object": "list", "total": {"n": [1]}, "has_more": False}


def jsonl(entries):
    return b"".join(map(line, entries))


def pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


JSON = {
    "lines": (Kind.LINES, jsonl(ENTRIES)),
    "lines, CRLF": (Kind.LINES, jsonl(ENTRIES).replace(b"\n", b"\r\n")),
    "lines, the first two damaged": (Kind.LINES, b'{"id": "r\n{\n' + jsonl(ENTRIES)),
    "lines, the first cut at its head": (Kind.LINES, b'[{"role": "user"}], "a": 1}\n' + jsonl(ENTRIES)),
    "lines, below a banner": (Kind.LINES, b"dump\tnode 7\n" + jsonl(ENTRIES)),
    "one object": (Kind.LINES, json.dumps(ENTRIES[0]).encode()),
    "joined": (Kind.OBJECTS, b"".join(map(bytes.strip, map(line, ENTRIES)))),
    "joined, a few a line": (
        Kind.OBJECTS,
        b"".join(line(entry).strip() + b"\n" * (i % 5 == 4) for i, entry in enumerate(ENTRIES)),
    ),
    "array without brackets": (Kind.ARRAY, jsonl(ENTRIES).replace(b"}\n", b"},\n")),
    "array": (Kind.ARRAY, json.dumps(ENTRIES).encode()),
    "array, printed": (Kind.ARRAY, pretty(ENTRIES) + b"\n"),
    "array, one a line": (Kind.ARRAY, b"[\n" + b",\n".join(map(bytes.strip, map(line, ENTRIES))) + b"\n]\n"),
    "arrays": (
        Kind.ARRAY,
        json.dumps(ENTRIES[:9]).encode() + b"\n" + json.dumps(ENTRIES[9:]).encode() + b"\n",
    ),
    "wrapped": (Kind.WRAPPED, json.dumps(OTHERS | {"data": ENTRIES} | {"errors": [1]}).encode()),
    "wrapped, printed": (Kind.WRAPPED, pretty({"é": "[", "Records": ENTRIES} | OTHERS)),
    "Elastic": (
        Kind.WRAPPED,
        json.dumps({"took": 3, "hits": {"total": {"value": 1}, "hits": ENTRIES}}).encode(),
    ),
    "objects, printed": (Kind.OBJECTS, b"\n".join(map(pretty, ENTRIES))),
    "one object, printed": (Kind.OBJECTS, pretty(ENTRIES[0])),
}


def ids(rows):
    return [row["request_id"] for row in rows]


def without_place(rows):
    return [row | {"offset": 0} for row in rows]


def resumed_everywhere(path, **options):
    """Assert that reading may stop after any batch; return all records."""
    batches = list(promptlog.read(path, **options))
    found = [batch.records.to_pylist() for batch in batches]
    for done, batch in enumerate(batches, start=1):
        rest = [
            row
            for each in promptlog.read(path, after=batch.after, **options)
            for row in each.records.to_pylist()
        ]
        assert rest == [row for rows in found[done:] for row in rows]
    return [row for rows in found for row in rows]


def entries_of(chunks):
    return [entry for chunk in chunks for entry in chunk.data.removesuffix(b"\n").split(b"\n") if chunk.data]


def sound(entries):
    for entry in entries:
        with suppress(ValueError):  # of UTF-8, too
            yield json.loads(entry)
