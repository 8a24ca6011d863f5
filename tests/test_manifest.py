"""Publishing: whole or not at all, never over what is there; reading: never something else instead."""

import hashlib
import os
import stat
from pathlib import Path

import msgspec
import pytest

from fingerprint.minhash import MinHasher
from indexes import durable
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, NotAnIndex, SettingsMismatch
from indexes.manifest import File, Input, Manifest, Segment

SETTINGS = MinHasher(b"manifest test key".ljust(32, b".")).settings


def manifest(generation: int = 0, **changes) -> Manifest:
    return msgspec.structs.replace(Manifest(generation, "", SETTINGS, True), **changes)


def sealed(body: bytes) -> bytes:
    """Put the digest under a manifest's body."""
    return body + hashlib.sha256(body).hexdigest().encode() + b"\n"


def encoded(**changes) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(manifest()) | changes)


def test_what_is_published_is_read_back(tmp_path):
    full = manifest(
        3,
        parent_sha256="ab",
        with_text=False,
        inputs=(Input("/logs/day 1.jsonl", 9, "cd", 7, 1),),
        segments=(Segment("00000003-0000", 7, 5),),
        files=(File("segments/00000003-0000/x.npy", 4, "ef"),),
    )
    path = manifests.publish(tmp_path, full)
    assert manifests.read(manifests.newest(tmp_path)) == (full, path.read_bytes()[-65:-1].decode())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_highest_generation_is_the_latest(tmp_path):
    for generation in (0, 2, 10, 9):
        manifests.publish(tmp_path, manifest(generation))
    assert manifests.read(manifests.newest(tmp_path))[0].generation == 10
    names = [path.name for path in manifests.generations(tmp_path)]
    assert names == [f"MANIFEST-{generation:020d}" for generation in (0, 2, 9, 10)]


def test_a_generation_is_not_published_twice(tmp_path):
    path = manifests.publish(tmp_path, manifest(1))
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        manifests.publish(tmp_path, manifest(1, with_text=False))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_publication_leaves_the_old_generation(tmp_path, monkeypatch):
    manifests.publish(tmp_path, manifest(0))
    monkeypatch.setattr(os, "write", raise_full)
    with pytest.raises(OSError, match="No space"):
        manifests.publish(tmp_path, manifest(1))
    assert manifests.read(manifests.newest(tmp_path))[0].generation == 0


def raise_full(descriptor: int, data: bytes) -> int:
    raise OSError(28, "No space left on device")


def test_a_directory_without_manifests_is_no_index(tmp_path):
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotAnIndex, match="promptprint index LOG --index"):
            manifests.read(manifests.newest(root))


def test_a_newer_format_is_refused_with_what_to_do(tmp_path):
    newer = encoded(format_version=manifests.FORMAT_VERSION + 1, settings={"unknown": 1})
    (tmp_path / "MANIFEST-00000000000000000000").write_bytes(sealed(newer))
    with pytest.raises(
        SettingsMismatch, match=r"format 4, and this promptprint reads 3; upgrade promptprint"
    ):
        manifests.read(manifests.newest(tmp_path))


def test_an_older_format_is_refused_with_what_to_do(tmp_path):
    for older in (encoded(format_version=1), sealed(encoded(format_version=2))):
        (tmp_path / "MANIFEST-00000000000000000000").write_bytes(older)
        with pytest.raises(SettingsMismatch, match="older promptprint; index the logs anew"):
            manifests.read(manifests.newest(tmp_path))


def test_every_flipped_bit_of_a_manifest_is_found(tmp_path):
    path = manifests.publish(tmp_path, manifest(1))
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(IndexDamaged, match=path.name):
            manifests.decode(bytes(flipped), path)


def test_a_manifest_under_another_name_is_refused(tmp_path):
    path = manifests.publish(tmp_path, manifest(1))
    path.rename(tmp_path / "MANIFEST-00000000000000000002")
    with pytest.raises(IndexDamaged, match="manifest of generation 1"):
        manifests.read(manifests.newest(tmp_path))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"format_version": "1"}',
        b'{"format_version": 2, "x": ' + b"[" * 100_000,
        b'{"format_version": 1}',
        encoded()[:-1],
        encoded(generation="0"),
        encoded(files=[{"path": "x"}]),
        encoded(settings={}),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_a_damaged_manifest_is_named_and_the_older_one_is_not_taken_instead(tmp_path, raw):
    manifests.publish(tmp_path, manifest(0))
    newest = tmp_path / "MANIFEST-00000000000000000001"
    for content in (raw, sealed(raw)):
        newest.write_bytes(content)
        with pytest.raises((IndexDamaged, SettingsMismatch), match=newest.name):
            manifests.read(manifests.newest(tmp_path))


def test_a_failed_sync_takes_the_generation_back(tmp_path, monkeypatch):
    manifests.publish(tmp_path, manifest(0))
    sync = durable.sync

    def fail(path: Path) -> None:
        if path == tmp_path:
            raise OSError(5, "Input/output error")
        sync(path)

    monkeypatch.setattr(durable, "sync", fail)
    with pytest.raises(OSError, match="Input/output"):
        manifests.publish(tmp_path, manifest(1))
    assert manifests.read(manifests.newest(tmp_path))[0].generation == 0


def test_a_written_file_is_private_and_never_replaces_another(tmp_path):
    path = tmp_path / "new"
    durable.write_file(path, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        durable.write_file(path, b"second")
    assert path.read_bytes() == b"first"


def test_short_writes_are_carried_on(tmp_path, monkeypatch):
    write, data = os.write, bytes(range(256)) * 3
    monkeypatch.setattr(os, "write", lambda descriptor, rest: write(descriptor, rest[:100]))
    durable.write_file(tmp_path / "new", data)
    assert (tmp_path / "new").read_bytes() == data


def test_a_sealed_file_is_private_and_described(tmp_path):
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "data"
    path.write_bytes(b"abc")
    path.chmod(0o644)
    assert manifests.seal(tmp_path, path) == File("folder/data", 3, hashlib.sha256(b"abc").hexdigest())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "changes",
    [
        {"segments": (Segment("00000003-0000", 7, 5),)},
        {"files": (File("segments/00000003-0000/x.npy", 4, "ef"),)},
        {
            "segments": (Segment("../../other/00000003-0000", 7, 5),),
            "files": (File("segments/../../other/00000003-0000/x.npy", 4, "ef"),),
        },
    ],
    ids=["files gone", "segment gone", "outside"],
)
def test_files_and_segments_must_agree(tmp_path, changes):
    wrong = manifest(3, **changes)
    with pytest.raises(IndexDamaged, match="do not agree"):
        manifests.publish(tmp_path, wrong)
    assert list(tmp_path.iterdir()) == []
    manifests.path_of(tmp_path, 3).write_bytes(manifests.encode(wrong))
    with pytest.raises(IndexDamaged, match="do not agree"):
        manifests.read(manifests.newest(tmp_path))


def test_generations_and_segments_may_be_many(tmp_path):
    """After years, or a repair of an index in which somebody left a MANIFEST of a high number."""
    name = f"{10**9}-{12_345:04d}"
    large = manifest(10**9, segments=(Segment(name, 7, 5),), files=(File(f"segments/{name}/x.npy", 4, "ef"),))
    manifests.publish(tmp_path, large)
    assert manifests.read(manifests.newest(tmp_path))[0] == large


def test_a_stray_file_is_no_manifest(tmp_path):
    manifests.publish(tmp_path, manifest(1))
    (tmp_path / "MANIFEST-zzz").write_bytes(b"mine")
    assert manifests.read(manifests.newest(tmp_path))[0].generation == 1
