"""An index directory is made: private, empty, and never over what is there."""

import os
import stat

import pytest
from indexed import KEY, append, whole

from fingerprint import minhash
from indexes import durable
from indexes import manifest as manifests
from indexes.errors import NotAnIndex, SettingsMismatch, WorkspaceError
from indexes.workspace import Workspace


def test_a_new_index_is_empty_and_opens_as_it_was_made(tmp_path):
    made = Workspace.create(tmp_path / "deep" / "index", with_text=False)
    opened = Workspace.open(made.root)
    assert opened.manifest == made.manifest
    assert (opened.manifest.generation, opened.manifest.with_text) == (0, False)
    assert opened.hasher.settings == made.hasher.settings
    assert whole(opened.root)


def test_a_supplied_key_is_kept(tmp_path):
    made = Workspace.create(tmp_path / "index", key=KEY)
    assert (made.root / "KEY").read_text() == KEY.hex() + "\n"
    assert made.hasher.settings == minhash.MinHasher(KEY).settings


def test_each_index_draws_a_key_of_its_own(tmp_path):
    keys = {Workspace.create(tmp_path / name).root.joinpath("KEY").read_text() for name in "abc"}
    assert len(keys) == 3
    assert all(len(bytes.fromhex(key)) == 32 for key in keys)


@pytest.mark.parametrize("key", [b"short", b""])
def test_a_key_of_another_length_is_refused(tmp_path, key):
    with pytest.raises(ValueError, match="32 bytes"):
        Workspace.create(tmp_path / "index", key=key)


def test_nothing_is_made_over_other_files(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WorkspaceError, match="not empty and holds no index"):
        Workspace.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_nothing_there_is_no_index(tmp_path):
    with pytest.raises(NotAnIndex, match="holds no promptprint index; make one with"):
        Workspace.open(tmp_path / "missing")


def test_open_or_create(tmp_path):
    made = Workspace.open_or_create(tmp_path / "index", key=KEY)
    assert Workspace.open_or_create(made.root).manifest == made.manifest
    assert Workspace.open_or_create(made.root, key=KEY).manifest == made.manifest
    with pytest.raises(SettingsMismatch, match="another key; leave it out, or choose another directory"):
        Workspace.open_or_create(made.root, key=KEY[::-1])
    with pytest.raises(
        SettingsMismatch, match="keeps the texts; that is fixed when it is made: choose another directory"
    ):
        Workspace.open_or_create(made.root, with_text=False)


def test_everything_is_private(root, monkeypatch):
    previous = os.umask(0)
    try:
        append(root, "second")
        Workspace.create(root.parent / "open", key=KEY)
    finally:
        os.umask(previous)
    for path in (root, *root.rglob("*"), root.parent / "open", *(root.parent / "open").rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_a_killed_creation_left_is_made_anew(tmp_path):
    root = tmp_path / "index"
    root.mkdir()
    (root / "KEY").write_text("00ff")
    (root / "LOCK").touch()
    (root / "segments").mkdir()
    (root / "tmp-0-77").write_bytes(b"{")
    assert Workspace.create(root, key=KEY).manifest.generation == 0
    assert whole(root)
    assert sorted(path.name for path in root.iterdir()) == [
        "KEY", "LOCK", "MANIFEST-00000000000000000000", "segments", "vectors",
    ]  # fmt: skip


def test_what_a_killed_creation_left_is_synced_by_the_next(tmp_path, monkeypatch):
    root, synced, sync = tmp_path / "index", [], durable.sync
    for name in (root, root / "segments", root / "vectors"):
        name.mkdir()

    def noting(path):
        synced.append(path)
        sync(path)

    monkeypatch.setattr(durable, "sync", noting)
    Workspace.create(root)
    manifest = next(n for n, path in enumerate(synced) if path.name.startswith("tmp-"))
    assert {tmp_path, root, root / "KEY"} <= set(synced[:manifest])


@pytest.mark.parametrize("name", ["notes.txt", "tmp-notes", "segments/mine"])
def test_an_index_is_not_made_beside_files_of_others(tmp_path, name):
    (tmp_path / "segments").mkdir()
    (tmp_path / name).write_text("mine")
    with pytest.raises(WorkspaceError, match="not empty and holds no index"):
        Workspace.create(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_an_index_whose_manifests_are_gone_is_not_made_anew(root):
    for path in manifests.generations(root):
        path.unlink()
    with pytest.raises(WorkspaceError, match="not empty and holds no index"):
        Workspace.create(root)
