"""The index directory: private, immutable once published, one writer, and refused when it does not fit."""

import dataclasses
import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from indexed import KEY, append

from fingerprint import minhash
from indexes import durable
from indexes import manifest as manifests
from indexes.errors import (
    IndexDamaged,
    IndexLocked,
    NotAnIndex,
    SettingsMismatch,
    WorkspaceError,
    WriteFailed,
)
from indexes.repair import repair
from indexes.verify import verify
from indexes.workspace import KEPT, Workspace, writing

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def root(tmp_path) -> Path:
    """An index of one generation with requests."""
    root = tmp_path / "index"
    Workspace.create(root, key=KEY)
    append(root, "first")
    return root


def whole(root: Path) -> bool:
    return verify(root).damaged == ()


def published(workspace: Workspace) -> dict[str, tuple[bytes, int, int]]:
    """Content, inode and time of every file that exists."""
    files = [
        path
        for path in workspace.root.rglob("*")
        if path.is_file() and path.name != "LOCK" and not path.name.startswith("checked-")
    ]
    return {str(path): (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


# Create and open


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
    with pytest.raises(SettingsMismatch, match="another key"):
        Workspace.open_or_create(made.root, key=KEY[::-1])
    with pytest.raises(SettingsMismatch, match="keeps the texts"):
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


# Refusals


def test_another_key_is_refused(root):
    (root / "KEY").write_text("00" * 32 + "\n")
    with pytest.raises(SettingsMismatch, match="not the key this index was made with"):
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
    newer = manifests.encode(msgspec.structs.replace(manifest, generation=9, format_version=3))
    manifests.path_of(root, 9).write_bytes(newer)
    with pytest.raises(SettingsMismatch, match="format 3, and this promptprint reads 2"):
        Workspace.open(root)


def test_a_missing_or_short_file_is_refused_and_named(root):
    for file in Workspace.open(root).manifest.files:
        path = root / file.path
        content = path.read_bytes()
        for damaged in (None, content[:-1], content + b"0"):
            path.unlink()
            if damaged is not None:
                path.write_bytes(damaged)
            with pytest.raises(IndexDamaged, match=file.path):
                Workspace.open(root)
            path.write_bytes(content)
    assert whole(root)


# Writing


def test_the_manifest_names_every_file_and_its_parent(root):
    old, old_sha256 = manifests.read(manifests.newest(root))
    new = append(root, "second").manifest
    assert (new.generation, new.parent_sha256) == (old.generation + 1, old_sha256)
    assert new.inputs[:1] == old.inputs
    assert new.segments[:1] == old.segments
    on_disk = {path.relative_to(root).as_posix() for path in (root / "segments").rglob("*") if path.is_file()}
    assert on_disk == {file.path for file in new.files}
    for file in new.files:
        content = (root / file.path).read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_an_append_rewrites_nothing(root):
    before = published(Workspace.open(root))
    after = published(append(root, "second"))
    assert {path: after.get(path) for path in before} == before
    new = [f for f in Workspace.open(root).manifest.files if f.path.startswith("segments/00000002-")]
    assert len(after) == len(before) + len(new) + 1  # a segment's files, and a manifest


def test_a_pinned_generation_stays_readable(root):
    pinned = Workspace.open(root)
    append(root, "second")
    assert pinned.manifest.generation == 1
    assert Workspace.open(root, generation=1).manifest == pinned.manifest


def test_nothing_shows_before_a_commit(root):
    before = Workspace.open(root).manifest
    with Workspace.open(root).writing() as writer:
        folder = writer.new_folder("segments")
        folder.mkdir()
        (folder / "data").write_bytes(b"x")
        writer.add_segment(folder, 1, 1)
        assert Workspace.open(root).manifest == before
    assert Workspace.open(root).manifest == before


def test_what_a_killed_writer_left_is_swept_by_the_next(root):
    kept = published(Workspace.open(root))
    for kind in ("segments", "vectors"):
        folder = root / kind / "00000002-0000"
        folder.mkdir()
        (folder / "half").write_bytes(b"half a file")
    (root / "tmp-2-99999").write_bytes(b"{")
    assert whole(root)
    with Workspace.open(root).writing():
        assert published(Workspace.open(root)) == kept
        assert [folder.name for folder in (root / "segments").iterdir()] == ["00000001-0000"]
        assert list((root / "vectors").iterdir()) == []


def test_a_writer_begins_with_the_newest_generation(root):
    stale = Workspace.open(root)
    newest = append(root, "second")
    with stale.writing() as writer:
        assert writer.workspace.manifest == newest.manifest


def test_folders_of_one_writer_have_different_names(root):
    with Workspace.open(root).writing() as writer:
        names = [writer.new_folder("segments") for _ in range(3)]
    assert len(set(names)) == 3
    assert not any(path.exists() for path in names)


HOLD = """
import sys
from pathlib import Path
from indexes.workspace import Workspace
with Workspace.open(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_writes_and_a_dead_one_holds_nothing(root):
    command = [sys.executable, "-c", HOLD, str(root)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(
                IndexLocked, match=f"is being written by process {holder.pid}; wait for it to end$"
            ):
                append(root, "second")
            assert Workspace.open(root).manifest.generation == 1
        finally:
            holder.send_signal(signal.SIGKILL)
    assert append(root, "second").manifest.generation == 2


def test_the_lock_is_let_go_after_an_error(root):
    with pytest.raises(RuntimeError, match="stop"), Workspace.open(root).writing():
        raise RuntimeError("stop")
    assert append(root, "second").manifest.generation == 2


# Generations


def test_an_append_keeps_a_few_generations_and_those_that_are_read(root):
    pinned = Workspace.open(root)
    for number in range(KEPT + 1):
        append(root, f"more-{number}")
    kept = [manifests.generation_of(path) for path in manifests.generations(root)]
    newest = Workspace.open(root).manifest.generation
    assert kept == [pinned.manifest.generation, *range(newest - KEPT + 1, newest + 1)]
    del pinned
    append(root, "last")
    kept = [manifests.generation_of(path) for path in manifests.generations(root)]
    assert kept == list(range(newest - KEPT + 2, newest + 2))
    with pytest.raises(NotAnIndex, match="holds no generation 1"):
        Workspace.open(root, generation=1)


def test_a_generation_removed_while_it_is_opened_gives_the_next(root, monkeypatch):
    second = append(root, "second").manifest
    newest = manifests.newest
    found = iter([manifests.path_of(root, 0), newest(root)])
    (root / manifests.path_of(root, 0).name).unlink()
    monkeypatch.setattr(manifests, "newest", lambda _: next(found))
    assert Workspace.open(root).manifest == second


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

    def noting(path: Path) -> None:
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


def test_files_of_others_stay_in_an_index(root):
    (root / "segments" / "mine").mkdir()
    (root / "tmp-notes").write_text("mine")
    append(root, "second")
    assert (root / "segments" / "mine").is_dir()
    assert (root / "tmp-notes").read_text() == "mine"


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
        with pytest.raises(IndexDamaged, match=f"{name} is a symbolic link"):
            use(root)
    assert (sorted(elsewhere.rglob("*")) or elsewhere.read_bytes()) == before


def test_a_link_in_the_place_of_a_segment_is_swept_and_not_followed(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (root / "segments" / "00000009-0000").symlink_to(tmp_path / "elsewhere")
    with writing(root):
        assert not (root / "segments" / "00000009-0000").is_symlink()
    assert (tmp_path / "elsewhere" / "file").exists()


def test_an_index_whose_manifests_are_gone_is_not_made_anew(root):
    for path in manifests.generations(root):
        path.unlink()
    with pytest.raises(WorkspaceError, match="not empty and holds no index"):
        Workspace.create(root)


# Files are used only as they were published


def test_a_file_is_used_only_as_it_was_published(root):
    for file in Workspace.open(root).manifest.files:
        path = root / file.path
        content = path.read_bytes()
        Workspace.open(root).checked(path)
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(IndexDamaged, match=file.path):
            Workspace.open(root).checked(path)
        path.write_bytes(content)
        Workspace.open(root).checked(path)


def test_a_file_of_no_generation_is_not_used(root):
    (root / "segments" / "00000001-0000" / "other.npy").write_bytes(b"x")
    with pytest.raises(IndexDamaged, match="no file of this index"):
        Workspace.open(root).checked(root / "segments" / "00000001-0000" / "other.npy")


def test_a_hashed_file_is_remembered_until_it_changes(root, monkeypatch):
    monkeypatch.setattr("indexes.checks._FINE", -(10**15))  # whatever its age
    monkeypatch.setattr("indexes.checks._COARSE", -(10**15))
    paths = [root / file.path for file in Workspace.open(root).manifest.files]
    Workspace.open(root).checked(*paths)
    hashed = []
    digest = durable.digest
    monkeypatch.setattr(durable, "digest", lambda path: hashed.append(path) or digest(path))
    Workspace.open(root).checked(*paths)
    assert hashed == []
    content = paths[0].read_bytes()
    paths[0].write_bytes(content)
    Workspace.open(root).checked(*paths)
    assert hashed == [paths[0]]
    monkeypatch.setattr("indexes.checks.time.time", lambda: time.time_ns() / 1e9 + 3 * 24 * 3600)
    Workspace.open(root).checked(*paths)
    assert sorted(hashed[1:]) == sorted(paths)
    assert len(list((root / "derived").glob("checked-*"))) == 1  # what is older than a day is let go


# Disks


def test_a_full_disk_is_said_and_harms_nothing(root, monkeypatch):
    before = manifests.read(manifests.newest(root))

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(WriteFailed, match=r"No space left.* is safe; free some space and run"):
            append(root, "second")
    assert manifests.read(manifests.newest(root)) == before
    assert append(root, "second").manifest.generation == 2
    assert whole(root)


def test_what_a_failed_writer_wrote_is_removed_at_once(root, monkeypatch):
    before = published(Workspace.open(root))
    monkeypatch.setattr(manifests, "publish", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    with pytest.raises(WriteFailed, match="full"):
        append(root, "second")
    assert published(Workspace.open(root)) == before


def test_a_writer_that_failed_commits_no_more(root, monkeypatch):
    with writing(root) as writer:
        with monkeypatch.context() as patched:
            patched.setattr(
                os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error"))
            )
            with pytest.raises(WriteFailed, match="Input/output error"):
                writer.commit()
        with pytest.raises(WorkspaceError, match="earlier commit failed"):
            writer.commit()


def test_a_read_only_index_can_be_read_and_says_why_it_is_not_written(root, monkeypatch):
    real = os.open

    def read_only(path, flags, *mode, **where):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, "Read-only file system")
        return real(path, flags, *mode, **where)

    monkeypatch.setattr(os, "open", read_only)
    workspace = Workspace.open(root)
    workspace.checked(*(root / file.path for file in workspace.manifest.files))
    with pytest.raises(WriteFailed, match="the disk is read-only; the index can be read there"):
        append(root, "second")
