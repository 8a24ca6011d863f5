"""Files are used only as they were published, and hashed once."""

import time

import pytest

from indexes import durable
from indexes.errors import IndexDamaged
from indexes.workspace import Workspace


def test_a_file_is_used_only_as_it_was_published(root):
    for file in Workspace.open(root).manifest.files:
        path = root / file.path
        content = path.read_bytes()
        Workspace.open(root).checked(path)
        flipped = bytearray(content)
        flipped[len(flipped) // 2] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(IndexDamaged, match=f"{file.path} is .*; run: promptprint verify"):
            Workspace.open(root).checked(path)
        path.write_bytes(content)
        Workspace.open(root).checked(path)


def test_a_file_of_no_generation_is_not_used(root):
    (root / "segments" / "00000001-0000" / "other.npy").write_bytes(b"x")
    with pytest.raises(IndexDamaged, match="no file of this index; remove it"):
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
