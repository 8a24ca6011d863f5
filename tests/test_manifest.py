"""Publishing: whole or not at all, never over what is there; reading: never something else instead."""

import hashlib
import os
import stat

import msgspec
import pytest

from fingerprint.minhash import MinHasher
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, NotAnIndex, SettingsMismatch
from indexes.manifest import File, Input, Manifest, Segment

SETTINGS = MinHasher(b"manifest test key".ljust(32, b".")).settings


def manifest(generation: int = 0, **changes) -> Manifest:
    return msgspec.structs.replace(Manifest(generation, "", SETTINGS, True), **changes)


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
    assert manifests.latest(tmp_path) == (full, hashlib.sha256(path.read_bytes()).hexdigest())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_highest_generation_is_the_latest(tmp_path):
    for generation in (0, 2, 10, 9):
        manifests.publish(tmp_path, manifest(generation))
    assert manifests.latest(tmp_path)[0].generation == 10
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
    monkeypatch.setattr(manifests, "write_all", raise_full)
    with pytest.raises(OSError, match="No space"):
        manifests.publish(tmp_path, manifest(1))
    assert manifests.latest(tmp_path)[0].generation == 0


def raise_full(descriptor: int, data: bytes) -> None:
    os.write(descriptor, data[:5])
    raise OSError(28, "No space left on device")


def test_a_directory_without_manifests_is_no_index(tmp_path):
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotAnIndex, match="promptprint index LOG --index"):
            manifests.latest(root)


def test_a_newer_format_is_refused_with_what_to_do(tmp_path):
    newer = encoded(format_version=manifests.FORMAT_VERSION + 1, settings={"unknown": 1})
    (tmp_path / "MANIFEST-00000000000000000000").write_bytes(newer)
    with pytest.raises(SettingsMismatch, match=r"format 2, newer than .* reads \(1\); upgrade promptprint"):
        manifests.latest(tmp_path)


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
    newest.write_bytes(raw)
    with pytest.raises(IndexDamaged, match=newest.name):
        manifests.latest(tmp_path)


def test_a_created_file_is_private_and_never_replaces_another(tmp_path):
    path = tmp_path / "new"
    with manifests.created(path) as descriptor:
        manifests.write_all(descriptor, b"first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError), manifests.created(path):
        pass
    assert path.read_bytes() == b"first"


def test_short_writes_are_carried_on(tmp_path, monkeypatch):
    write, data = os.write, bytes(range(256)) * 3
    monkeypatch.setattr(os, "write", lambda descriptor, rest: write(descriptor, rest[:100]))
    with manifests.created(tmp_path / "new") as descriptor:
        manifests.write_all(descriptor, data)
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
    manifests.publish(tmp_path, manifest(3, **changes))
    with pytest.raises(IndexDamaged, match="do not agree"):
        manifests.latest(tmp_path)


def test_a_stray_file_is_no_manifest(tmp_path):
    manifests.publish(tmp_path, manifest(1))
    (tmp_path / "MANIFEST-zzz").write_bytes(b"mine")
    assert manifests.latest(tmp_path)[0].generation == 1
