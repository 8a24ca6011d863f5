"""Compaction and erasure against their oracle: an index made at once, and of the other logs alone."""

import gc
import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from indexed import KEY
from logsamples import line, litellm, log, metadata

from campaigns.find import find_campaigns
from campaigns.report import encode
from indexes import manifest as manifests
from indexes.compact import compact
from indexes.erase import ERASED, erase
from indexes.errors import IndexDamaged
from indexes.ingest import ingest
from indexes.snapshot import Snapshot
from indexes.vectors import write_vectors
from indexes.verify import verify
from indexes.workspace import Workspace

START = 1_776_816_000
WORDS = ["amber", "brisk", "cedar", "delta", "ember", "frost", "grove", "haste", "ivory", "jolly"]
ACCOUNTS = [f"account-{number:02}" for number in range(12)]


class Model:
    """What a set of vectors says of its model."""

    name, sha256, dimensions = "fake", "1" * 64, 8


def entry(number: int) -> bytes:
    """A request: some prompts are everybody's, some are said again, some are one account's."""
    draw = random.Random(number)
    account = ACCOUNTS[number % len(ACCOUNTS)]
    words = " ".join(draw.choices(WORDS, k=draw.choice((4, 30, 300))))
    text = draw.choice([f"the {number} {words}", f"Rate this answer: {words[:40]}", "Hello there"])
    if draw.random() < 0.2:
        text = text.upper()
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    return line(
        litellm(
            id=f"{account}-{number}",
            messages=messages,
            startTime=START + 60 * number,
            metadata=metadata(user_api_key_user_id=account),
        )
    )


def make(root: Path, batches: list[list[bytes]], *, with_text: bool = True) -> Workspace:
    """Index batches of lines, one generation each; they are of one log that grows."""
    Workspace.create(root, key=KEY, with_text=with_text)
    for number in range(len(batches)):
        lines = [each for batch in batches[: number + 1] for each in batch]
        ingest(Workspace.open(root), [log(root.parent, *lines, name="log.jsonl")])
    return Workspace.open(root)


def batches(count: int, numbers: range = range(240)) -> list[list[bytes]]:
    lines = [entry(number) for number in numbers]
    lines.insert(7, b"not json\n")
    size = -(-len(lines) // count)
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def content(workspace: Workspace) -> list[dict[str, str]]:
    """Name and hash of the files of each segment, in order."""
    return [
        {f.path.rpartition("/")[2]: f.sha256 for f in workspace.manifest.files if f"/{s.name}/" in f.path}
        for s in workspace.manifest.segments
    ]


def report(workspace: Workspace) -> bytes:
    return encode(find_campaigns(Snapshot(workspace)))


def prompts(workspace: Workspace) -> list[tuple[int, ...]]:
    """Everything that a segment keeps of each prompt and request, in numbers."""
    snapshot = Snapshot(workspace)
    rows = zip(snapshot.canonical.tolist(), snapshot.tokens.tolist(), snapshot.hidden.tolist(), strict=True)
    signatures = [hashlib.sha256(row.tobytes()).hexdigest() for row in snapshot.signatures()]
    return [*zip(rows, signatures, strict=True), *map(tuple, snapshot.requests.prompts.tolist())]


def test_compacted_is_as_if_indexed_at_once(tmp_path):
    many, one = make(tmp_path / "many", batches(9)), make(tmp_path / "one", batches(1))
    before = report(many)
    assert len(many.manifest.segments) == 9
    del many
    gc.collect()  # a snapshot is a cycle of references
    done = compact(tmp_path / "many")
    many = Workspace.open(tmp_path / "many")
    assert (done.segments_before, done.segments, done.still_read) == (9, 1, ())
    assert content(many) == content(one)
    assert report(many) == before == report(one)
    assert verify(many.root).damaged == ()
    assert [path.name for path in (many.root / "segments").iterdir()] == [many.manifest.segments[0].name]
    assert len(manifests.generations(many.root)) == 1


def test_compacted_without_texts_answers_the_same(tmp_path):
    many = make(tmp_path / "index", batches(7), with_text=False)
    before = prompts(many), report(many)
    del many
    gc.collect()
    assert compact(tmp_path / "index").segments == 1
    many = Workspace.open(tmp_path / "index")
    assert (prompts(many), report(many)) == before


def test_segments_that_are_large_enough_stay(tmp_path, monkeypatch):
    monkeypatch.setattr("indexes.compact.MOST_REQUESTS", 60)
    many = make(tmp_path / "index", batches(9))
    sizes = [segment.requests for segment in many.manifest.segments]
    del many
    gc.collect()
    assert compact(tmp_path / "index").segments == 5
    many = Workspace.open(tmp_path / "index")
    assert [segment.requests for segment in many.manifest.segments] == [
        sum(sizes[at : at + 2]) for at in range(0, 9, 2)
    ]
    generation = many.manifest.generation
    del many
    gc.collect()
    assert compact(tmp_path / "index").generation == generation  # nothing is left to do


def test_a_generation_that_is_read_stays_and_is_named(tmp_path):
    reader = make(tmp_path / "index", batches(3))
    before = report(reader)
    done = compact(tmp_path / "index")
    assert done.still_read == (reader.manifest.generation,)
    assert report(Workspace.open(tmp_path / "index", generation=reader.manifest.generation)) == before
    del reader
    gc.collect()
    assert compact(tmp_path / "index").still_read == ()
    assert len(manifests.generations(tmp_path / "index")) == 1


def test_a_damaged_index_keeps_its_older_generations(tmp_path):
    """They may be the way back; here the damage is in a file that compacting would not read."""
    root = make(tmp_path / "index", batches(1)).root
    path = next(root.glob("segments/*/bands.npy"))
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(IndexDamaged, match=path.name):
        compact(root)
    assert len(manifests.generations(root)) == 2


def test_a_damaged_segment_is_not_compacted(tmp_path):
    many = make(tmp_path / "index", batches(3))
    path = many.root / "segments" / many.manifest.segments[1].name / "requests.parquet"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(IndexDamaged, match=path.name):
        compact(many.root)
    assert Workspace.open(many.root).manifest == many.manifest


# Erasure


def add_vectors(workspace: Workspace) -> np.ndarray:
    """Give every prompt a vector; return them."""
    snapshot = Snapshot(workspace)
    rows = np.random.default_rng(1).standard_normal((len(snapshot.canonical), 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with workspace.writing() as writer:
        writer.add_vectors(write_vectors(writer.new_folder("vectors"), rows, snapshot.canonical, Model()))
        writer.commit()
    return rows


def test_erased_is_as_if_never_indexed(tmp_path):
    (tmp_path / "all").mkdir()
    (tmp_path / "rest").mkdir()
    gone = set(ACCOUNTS[:3])
    rest = [
        [each for each in batch if not any(name.encode() in each for name in gone)] for batch in batches(4)
    ]
    expected = make(tmp_path / "rest/index", rest)
    del expected, rest
    root = tmp_path / "all/index"
    make(root, batches(4))
    done = erase(root, accounts=gone)
    assert (done.requests, done.accounts, done.segments_rewritten, done.still_read) == (60, 3, 4, ())
    left = Workspace.open(root)
    # Offsets tell where a request stands in its log, and in the shorter log it stands elsewhere.
    same = [
        {k: v for k, v in files.items() if k not in ("requests.parquet", "skipped.jsonl")}
        for files in content(left)
    ]
    assert same == [
        {k: v for k, v in files.items() if k in same[0]}
        for files in content(Workspace.open(tmp_path / "rest/index"))
    ]
    assert report(left) == report(Workspace.open(tmp_path / "rest/index"))
    assert verify(root).damaged == ()


@pytest.mark.parametrize("with_text", [True, False])
def test_no_byte_of_the_erased_is_left(tmp_path, with_text):
    root = tmp_path / "index"
    workspace = make(root, batches(4), with_text=with_text)
    snapshot = Snapshot(workspace)
    gone = ACCOUNTS[:3]
    names = np.array(snapshot.requests.account.values.to_pylist())[snapshot.requests.account.codes]
    mine = np.isin(names, gone)
    held = snapshot.requests.prompts
    only = np.setdiff1d(held[mine], held[~mine])
    texts = [text for text in snapshot.read_prompts(only[only >= 0]) if text]
    hashes = snapshot.canonical[only[only >= 0]]
    rows = add_vectors(workspace)[only[only >= 0]]
    ids = [name for name, erased in zip(snapshot.requests.ids.to_pylist(), mine, strict=True) if erased]
    assert len(ids) == 60
    assert len(hashes) > 20
    del workspace, snapshot
    gc.collect()
    needles = [*map(str.encode, gone), *map(str.encode, ids), *map(str.encode, texts)]
    needles += [each.tobytes() for each in hashes] + [row.tobytes() for row in rows]
    needles += [entry.hex().encode() for entry in needles]
    assert found(root, needles) >= {name.encode() for name in gone} if with_text else True
    done = erase(root, accounts=gone)
    assert done.requests == 60
    assert done.vectors >= len(hashes)
    assert found(root, needles) == set()


def found(root: Path, needles: list[bytes]) -> set[bytes]:
    """Return which needles are in any file of a directory, in what Parquet packs too."""
    import pyarrow.parquet as pq

    held = b""
    for path in root.rglob("*"):
        if path.is_file():
            held += path.read_bytes()
        if path.suffix == ".parquet":
            held += "\0".join(str(row) for row in pq.read_table(path).to_pylist()).encode()
    return {needle for needle in needles if needle in held}


def test_erase_before_a_time(tmp_path):
    make(tmp_path / "index", batches(4))
    done = erase(tmp_path / "index", before_us=(START + 60 * 100) * 1_000_000)
    left = Snapshot(Workspace.open(tmp_path / "index"))
    assert done.requests == 100
    assert left.requests.time_us.min() == (START + 60 * 100) * 1_000_000
    assert done.segments_rewritten == 2  # the second batch straddles the time, the last two stay
    assert len(left.segments) == 4  # of the first only a line that could not be read is left


def test_everything_can_be_erased(tmp_path):
    make(tmp_path / "index", [[entry(0)], [entry(12)]])
    assert erase(tmp_path / "index", accounts=[ACCOUNTS[0]]).requests == 2
    left = Workspace.open(tmp_path / "index")
    assert (left.manifest.segments, left.manifest.files) == ((), ())
    assert len(Snapshot(left).requests) == 0


def test_erasing_nobody_changes_nothing_but_older_generations_go(tmp_path):
    workspace = make(tmp_path / "index", batches(2))
    before = workspace.manifest
    del workspace
    assert erase(tmp_path / "index", accounts=["account-99", ""]).requests == 0
    assert Workspace.open(tmp_path / "index").manifest == before
    assert len(manifests.generations(tmp_path / "index")) == 1


def test_a_path_that_names_the_erased_is_forgotten(tmp_path):
    root = tmp_path / "index"
    Workspace.create(root, key=KEY)
    ingest(Workspace.open(root), [log(tmp_path, entry(0), b"{\n", name="export-account-00.jsonl")])
    ingest(Workspace.open(root), [log(tmp_path, entry(1), name="other.jsonl")])
    assert erase(root, accounts=["account-00"]).paths == 1
    left = Workspace.open(root)
    assert [Path(log.path).name for log in left.manifest.inputs] == [ERASED, "other.jsonl"]
    assert [line.path for segment in Snapshot(left).segments for line in segment.skipped] == [ERASED]
    assert ingest(left, [tmp_path / "export-account-00.jsonl"]).records_indexed == 0  # it is known still


def test_what_somebody_reads_is_named_and_goes_when_they_are_done(tmp_path):
    reader = make(tmp_path / "index", batches(2))
    done = erase(tmp_path / "index", accounts=ACCOUNTS[:1])
    assert done.still_read == (reader.manifest.generation,)
    del reader
    gc.collect()
    assert erase(tmp_path / "index", accounts=ACCOUNTS[:1]).still_read == ()
    assert found(tmp_path / "index", [ACCOUNTS[0].encode()]) == set()
