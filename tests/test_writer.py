"""One writer adds generations; nothing shows before a commit, and nothing that was published changes."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from indexed import append, published, whole

from indexes import manifest as manifests
from indexes.errors import IndexLocked, NotAnIndex
from indexes.workspace import KEPT, Workspace, writing

ROOT = Path(__file__).resolve().parents[1]


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
    with pytest.raises(NotAnIndex, match=r"holds no generation 1; it holds 4, 5, 6, 7"):
        Workspace.open(root, generation=1)


def test_a_generation_removed_while_it_is_opened_gives_the_next(root, monkeypatch):
    second = append(root, "second").manifest
    newest = manifests.newest
    found = iter([manifests.path_of(root, 0), newest(root)])
    (root / manifests.path_of(root, 0).name).unlink()
    monkeypatch.setattr(manifests, "newest", lambda _: next(found))
    assert Workspace.open(root).manifest == second


def test_files_of_others_stay_in_an_index(root):
    (root / "segments" / "mine").mkdir()
    (root / "tmp-notes").write_text("mine")
    append(root, "second")
    assert (root / "segments" / "mine").is_dir()
    assert (root / "tmp-notes").read_text() == "mine"


def test_a_link_in_the_place_of_a_segment_is_swept_and_not_followed(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (root / "segments" / "00000009-0000").symlink_to(tmp_path / "elsewhere")
    with writing(root):
        assert not (root / "segments" / "00000009-0000").is_symlink()
    assert (tmp_path / "elsewhere" / "file").exists()
