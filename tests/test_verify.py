"""Verify names what is damaged; repair goes back to what is whole, and says so."""

from pathlib import Path
from unittest import mock

import pytest
from indexed import KEY, append

from indexes import durable, locks
from indexes import manifest as manifests
from indexes.compact import compact
from indexes.errors import IndexDamaged, IndexLocked, NotAnIndex, WriteFailed
from indexes.info import info
from indexes.repair import repair
from indexes.verify import verify
from indexes.workspace import Workspace


@pytest.fixture
def root(tmp_path) -> Path:
    """An index of three generations."""
    root = tmp_path / "index"
    Workspace.create(root, key=KEY)
    append(root, "first")
    append(root, "second")
    return root


def flip(path: Path, place: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    path.write_bytes(content)


def damaged(root: Path) -> list[str]:
    return [damage.path for damage in verify(root).damaged]


def test_a_whole_index(root):
    health = verify(root)
    newest = Workspace.open(root).manifest
    assert (health.generation, health.whole) == (2, (0, 1, 2))
    assert (health.damaged, health.leftovers) == ((), ())
    assert (health.files, health.bytes) == (len(newest.files), sum(file.size for file in newest.files))


def test_every_damaged_file_is_named(root):
    published = [file.path for file in Workspace.open(root).manifest.files]
    others = [path.name for path in manifests.generations(root)]
    assert len(published) > 10
    for name in (*published, *others, "KEY"):
        path = root / name
        content = path.read_bytes()
        flip(path)
        assert damaged(root) == [name]
        path.write_bytes(content[:-1])
        assert damaged(root) == [name]
        path.unlink()
        assert damaged(root) == ([] if name in others else [name])
        path.write_bytes(content)
    assert damaged(root) == []


def test_what_is_wrong_is_said_without_advice_that_has_been_followed(root):
    (root / "KEY").write_text("00\n")
    newest = manifests.newest(root)
    newest.write_bytes(newest.read_bytes()[:-1])
    assert [(damage.path, damage.reason) for damage in verify(root).damaged] == [
        ("KEY", "is damaged: it is to hold 64 hexadecimal digits"),
        (newest.name, "is damaged: its SHA-256 is not the one it ends with"),
    ]


def test_a_key_in_capitals_is_not_what_was_written(root):
    (root / "KEY").write_text(KEY.hex().upper() + "\n")
    assert damaged(root) == ["KEY"]


def test_a_manifest_of_another_index_breaks_the_chain(root, tmp_path):
    other = tmp_path / "other"
    Workspace.create(other, key=KEY, with_text=False)
    name = manifests.path_of(root, 1).name
    with Workspace.open(other).writing() as writer:
        writer.commit()
    (root / name).write_bytes((other / name).read_bytes())
    assert damaged(root) == [name]


def test_what_is_left_behind_is_named_and_no_damage(root):
    (root / "segments" / "00000009-0000").mkdir()
    (root / "tmp-9-1").touch()
    assert verify(root).damaged == ()
    assert verify(root).leftovers == ("segments/00000009-0000", "tmp-9-1")


def test_the_whole_generations_are_those_without_a_damaged_file(root):
    flip(root / "segments" / "00000002-0000" / "signatures.npy")
    assert verify(root).whole == (0, 1)


def test_what_is_being_written_is_not_left_behind(root):
    with Workspace.open(root).writing() as writer:
        writer.new_folder("segments").mkdir()
        assert verify(root).leftovers == ()


def test_a_generation_removed_meanwhile_is_no_damage(root, monkeypatch):
    """A writer beside `verify` and `info` collects its garbage."""
    pin = locks.pin

    def removed(path: Path) -> object:
        if path == manifests.path_of(root, 0):
            path.unlink(missing_ok=True)
        return pin(path)

    monkeypatch.setattr(locks, "pin", removed)
    assert [one.generation for one in info(root).generations] == [1, 2]
    health = verify(root)
    assert (health.damaged, health.whole) == ((), (1, 2))


def test_the_newest_generation_is_checked_though_it_changes_meanwhile(root, monkeypatch):
    pin, left = locks.pin, [1]

    def replaced(path: Path) -> object:
        if left.pop() if left else False:
            compact(root)
        return pin(path)

    monkeypatch.setattr(locks, "pin", replaced)
    health = verify(root)
    assert (health.generation, health.whole, health.damaged) == (3, (3,), ())
    assert health.files > 10


def test_a_generation_stays_while_it_is_verified(root, monkeypatch):
    """Else its files would seem to be missing."""
    digest, left = durable.digest, [1]

    def compacting(path: Path) -> str:
        if left.pop() if left else False:
            assert compact(root).still_read == (0, 1, 2)
        return digest(path)

    monkeypatch.setattr("indexes.verify.durable", mock.Mock(digest=compacting))
    assert verify(root).damaged == ()


def test_nothing_to_verify(tmp_path):
    with pytest.raises(NotAnIndex):
        verify(tmp_path)


# Repair


def test_repair_goes_back_and_later_logs_are_read_again(root):
    first, second = Workspace.open(root, generation=1).manifest, Workspace.open(root).manifest
    flip(manifests.path_of(root, 2))
    with pytest.raises(IndexDamaged, match="run: promptprint verify"):
        Workspace.open(root)
    repaired = repair(root, 1)
    assert repaired.manifest.generation == 3
    assert (repaired.manifest.files, repaired.manifest.inputs) == (first.files, first.inputs)
    assert verify(root).whole == (0, 1, 3)
    assert verify(root).leftovers == ()
    again = append(root, "second").manifest
    assert [(i.path, i.records) for i in again.inputs] == [(i.path, i.records) for i in second.inputs]


def test_an_interrupted_repair_is_whole_and_can_be_done_again(root, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(locks, "remove_unread", lambda path: (_ for _ in ()).throw(OSError(5, "I/O")))
        with pytest.raises(WriteFailed):
            repair(root, 1)
    assert (verify(root).whole, verify(root).damaged) == ((0, 1, 2, 3), ())
    assert repair(root, 1).manifest.generation == 4


def test_repair_to_the_newest_generation_changes_nothing_but_removes_damaged_older_ones(root):
    newest = Workspace.open(root).manifest
    flip(manifests.path_of(root, 1))
    with pytest.raises(IndexDamaged, match="MANIFEST"):
        append(root, "third")
    assert repair(root, 2).manifest == newest
    assert verify(root).whole == (0, 2)


@pytest.mark.parametrize("generation", [2, 7])
def test_repair_to_what_is_not_whole_is_refused_and_changes_nothing(root, generation):
    flip(root / "segments" / "00000002-0000" / "signatures.npy")
    before = sorted(path.name for path in root.iterdir())
    with pytest.raises(IndexDamaged, match="is not whole; whole are: 0, 1"):
        repair(root, generation)
    assert sorted(path.name for path in root.iterdir()) == before


def test_repair_waits_for_nobody_who_reads(root):
    reader = Workspace.open(root)
    with pytest.raises(IndexLocked, match="a process reads"):
        repair(root, 1)
    assert Workspace.open(root, generation=2).manifest == reader.manifest
    del reader
    assert repair(root, 1).manifest.inputs == Workspace.open(root, generation=1).manifest.inputs


def test_info_describes_what_the_manifests_say(root):
    found, newest = info(root), Workspace.open(root).manifest
    assert (found.generation, found.requests, found.texts) == (2, 10, 12)
    assert found.bytes == sum(file.size for file in newest.files) == sum(found.bytes_by_kind.values())
    assert [one.generation for one in found.generations] == [0, 1, 2]
    assert [one.requests for one in found.generations] == [0, 5, 10]
    assert (found.settings, found.inputs) == (newest.settings, newest.inputs)
