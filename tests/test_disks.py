"""Disks that are full, failing, read-only or without hard links: said, with what to do, and no harm done."""

import errno
import os

import pytest
from indexed import append, published, whole

from indexes import manifest as manifests
from indexes.compact import compact
from indexes.erase import erase
from indexes.errors import WorkspaceError, WriteFailed
from indexes.workspace import Workspace, writing


def failing(number):
    """Return a function of os that fails with an error."""

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_full_disk_is_said_and_harms_nothing(root, monkeypatch):
    before = manifests.read(manifests.newest(root))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", failing(errno.ENOSPC))
        with pytest.raises(WriteFailed, match=r"No space left.* is safe; free some space and run"):
            append(root, "second")
    assert manifests.read(manifests.newest(root)) == before
    assert append(root, "second").manifest.generation == 2
    assert whole(root)


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.EIO, "check the disk, then run"), (errno.EACCES, "run the command as its owner")],
)
def test_a_failing_disk_or_somebody_elses_is_said(root, monkeypatch, number, advice):
    monkeypatch.setattr(os, "pwrite", failing(number))  # the first write: the number of the process
    with pytest.raises(WriteFailed, match=f"what was committed is safe; .*{advice}"):
        append(root, "second")
    assert whole(root)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize(
    "change", [compact, lambda root: erase(root, before_us=2**62)], ids=["compact", "erase"]
)
def test_what_is_written_anew_says_how_much_space_it_needs(root, monkeypatch, change, number):
    append(root, "second")
    append(root, "more")
    files = Workspace.open(root).manifest.files
    before = published(Workspace.open(root))
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", failing(number))
        with pytest.raises(WriteFailed, match=r"free some space .* and run the command again") as caught:
            change(root)
    assert f"({sum(file.size for file in files):,} bytes at most)" in str(caught.value)
    assert published(Workspace.open(root)) == before
    change(root)
    assert whole(root)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_hard_links_is_said_before_anything_is_indexed(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "link", failing(number))
    said = r"no hard links, which keep one commit .*; keep the index on one that has, such as ext4"
    with pytest.raises(WriteFailed, match=said):
        Workspace.create(tmp_path / "index")
    monkeypatch.undo()
    assert Workspace.create(tmp_path / "index").manifest.generation == 0


def test_an_index_that_was_moved_to_where_no_hard_links_are_is_not_harmed(root, monkeypatch):
    before = published(Workspace.open(root))
    with monkeypatch.context() as patched:
        patched.setattr(os, "link", failing(errno.EPERM))
        with pytest.raises(WriteFailed, match="no hard links"):
            append(root, "second")
    assert published(Workspace.open(root)) == before


def test_a_directory_that_cannot_be_made_private_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(type(tmp_path), "chmod", failing(errno.EPERM))
    with pytest.raises(WriteFailed, match=r"keeps no permissions; .* or keep the index on another"):
        Workspace.create(tmp_path / "index")


def test_what_a_failed_writer_wrote_is_removed_at_once(root, monkeypatch):
    before = published(Workspace.open(root))
    monkeypatch.setattr(manifests, "publish", failing(errno.ENOSPC))
    with pytest.raises(WriteFailed, match="No space left"):
        append(root, "second")
    assert published(Workspace.open(root)) == before


def test_a_writer_that_failed_commits_no_more(root, monkeypatch):
    with writing(root) as writer:
        with monkeypatch.context() as patched:
            patched.setattr(os, "link", failing(errno.EIO))
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
    with pytest.raises(
        WriteFailed, match="can be read there; to change it, copy it to a disk that can be written"
    ):
        append(root, "second")


@pytest.mark.parametrize("place", ["file", "file/index"])
def test_a_file_in_the_place_of_a_directory_is_said(tmp_path, place):
    (tmp_path / "file").write_text("a letter")
    with pytest.raises(WriteFailed, match="a file is where a directory is to be: choose another path"):
        Workspace.create(tmp_path / place)
