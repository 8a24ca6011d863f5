"""An index that does not fit is refused: another key, other settings, a newer format, links, gaps."""

import dataclasses

import msgspec
import pytest
from indexed import KEY, whole

from fingerprint import minhash
from indexes import manifest as manifests
from indexes.errors import IndexDamaged, SettingsMismatch
from indexes.repair import repair
from indexes.verify import verify
from indexes.workspace import Workspace, writing


def test_another_key_is_refused(root):
    (root / "KEY").write_text("00" * 32 + "\n")
    with pytest.raises(SettingsMismatch, match="not the key this index was made with; put that back"):
        Workspace.open(root)


@pytest.mark.parametrize("content", ["", "xyz", "00" * 31, "00" * 33, "ключ"])
def test_a_damaged_key_is_refused(root, content):
    (root / "KEY").write_text(content, "utf-8")
    with pytest.raises(IndexDamaged, match="64 hexadecimal digits"):
        Workspace.open(root)


def test_an_index_without_its_key_is_refused(root):
    (root / "KEY").unlink()
    with pytest.raises(IndexDamaged, match=r"KEY is missing; without it .*: restore it, or index"):
        Workspace.open(root)


def test_another_fold_table_is_refused(root, monkeypatch):
    other = dataclasses.replace(minhash.fold_table(), digest="0" * 64)
    monkeypatch.setattr(minhash, "fold_table", lambda: other)
    with pytest.raises(SettingsMismatch, match=r"other fingerprint settings \(fold_table\)"):
        Workspace.open(root)


@pytest.mark.parametrize("name", ["scheme", "shingles", "spans", "version"])
def test_other_settings_are_refused(root, name):
    manifest, _ = manifests.read(manifests.newest(root))
    value = 99 if name == "version" else "other"
    changed = dataclasses.replace(manifest.settings, **{name: value})
    manifests.publish(root, msgspec.structs.replace(manifest, generation=9, settings=changed))
    with pytest.raises(SettingsMismatch, match=rf"other fingerprint settings \({name}\)"):
        Workspace.open(root)


def test_permutations_and_seed_are_the_indexs_own(tmp_path):
    made = Workspace.create(tmp_path / "index", key=KEY)
    settings = minhash.MinHasher(KEY, num_perm=64, seed=5).settings
    manifests.publish(made.root, msgspec.structs.replace(made.manifest, generation=1, settings=settings))
    assert Workspace.open(made.root).hasher.settings == settings


def test_a_newer_format_is_refused(root):
    manifest, _ = manifests.read(manifests.newest(root))
    mine, newer = manifests.FORMAT_VERSION, manifests.FORMAT_VERSION + 1
    changed = msgspec.structs.replace(manifest, generation=9, format_version=newer)
    manifests.path_of(root, 9).write_bytes(manifests.encode(changed))
    says = f"format {newer}, and this promptprint reads {mine}; upgrade promptprint"
    with pytest.raises(SettingsMismatch, match=says):
        Workspace.open(root)


def test_a_missing_or_short_file_is_refused_and_named(root):
    for file in Workspace.open(root).manifest.files:
        path = root / file.path
        content = path.read_bytes()
        for damaged in (None, content[:-1], content + b"0"):
            path.unlink()
            if damaged is not None:
                path.write_bytes(damaged)
            with pytest.raises(IndexDamaged, match=f"{file.path} is .*; run: promptprint verify"):
                Workspace.open(root)
            path.write_bytes(content)
    assert whole(root)


@pytest.mark.parametrize("name", ["LOCK", "KEY", "segments", "vectors", "derived"])
def test_a_link_to_elsewhere_is_refused_and_nothing_there_is_touched(root, tmp_path, name):
    """Else a foreign index could have its reader overwrite a file, or sweep up another directory."""
    elsewhere = tmp_path / "elsewhere"
    if (root / name).exists():
        (root / name).rename(elsewhere)
    else:
        elsewhere.mkdir()
    if elsewhere.is_dir():
        (elsewhere / "00000009-0000").mkdir()
    else:
        elsewhere.write_bytes(bytes(range(64)))
    (root / name).symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*")) or elsewhere.read_bytes()
    for use in (Workspace.open, verify, lambda root: writing(root).__enter__(), lambda root: repair(root, 0)):
        with pytest.raises(IndexDamaged, match=f"{name} is a symbolic link.*; move there what it points to"):
            use(root)
    assert (sorted(elsewhere.rglob("*")) or elsewhere.read_bytes()) == before
