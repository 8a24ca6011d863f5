"""info, verify, repair, compact and erase at the command line: what one is told, and what to do next."""

import json
import shutil
from pathlib import Path

import pytest
from indexed import KEY, append
from typer.testing import CliRunner

from cli.main import app
from indexes import manifest as manifests
from indexes.workspace import Workspace

COMMANDS = {
    "info": [],
    "verify": [],
    "repair": ["--to-generation", "1"],
    "compact": [],
    "erase": ["--account", "somebody"],
}


def run(command, root, *args):
    """Run a command; return (exit code, what it printed, what it complained about)."""
    result = CliRunner().invoke(app, [command, "--index", str(root), *args], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def root(tmp_path) -> Path:
    """An index of three generations."""
    root = tmp_path / "index"
    Workspace.create(root, key=KEY)
    append(root, "first")
    append(root, "second")
    return root


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", ["missing", "empty", "a file"])
def test_what_is_no_index_is_said_and_left_alone(tmp_path, command, kind):
    root = tmp_path / "there"
    if kind == "empty":
        root.mkdir()
    elif kind == "a file":
        root.write_text("mine")
    code, out, err = run(command, root, *COMMANDS[command])
    assert (code, out) == (2, "")
    assert f"{root} holds no promptprint index; make one with: promptprint index LOG --index" in err
    assert root.exists() == (kind != "missing")
    assert kind != "empty" or list(root.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_format_is_said_and_left_alone(root, command):
    newest, _ = manifests.read(manifests.newest(root))
    path = manifests.path_of(root, 3)
    mine, newer = manifests.FORMAT_VERSION, manifests.FORMAT_VERSION + 1
    said = [f'"format_version": {version}'.encode() for version in (mine, newer)]
    path.write_bytes(manifests.encode(newest).replace(*said))
    path.write_bytes(resealed(path.read_bytes()))
    before = sorted(root.rglob("*"))
    code, out, err = run(command, root, *COMMANDS[command])
    assert (code, out) == (2, "")
    assert f"format {newer}, and this promptprint reads {mine}; upgrade promptprint" in err
    assert set(before) <= set(root.rglob("*"))


def resealed(raw: bytes) -> bytes:
    """Return a manifest with the digest of what it says now."""
    import hashlib

    body = raw[:-65]
    return body + hashlib.sha256(body).hexdigest().encode() + b"\n"


@pytest.mark.parametrize("command", ["compact", "erase", "repair"])
def test_a_second_writer_is_told_who_writes(root, command):
    with Workspace.open(root).writing():
        code, out, err = run(command, root, *COMMANDS[command])
    assert (code, out) == (2, "")
    assert "is being written by process" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_document_is_one_line_with_its_version(root, command):
    account = ["--account", "a"] if command == "erase" else COMMANDS[command]
    _, out, _ = run(command, root, *account, "--json")
    assert out.count("\n") == 1
    assert json.loads(out)["schema_version"] == 1


def test_the_advice_of_verify_can_be_followed_as_it_stands(root):
    assert run("verify", root)[1].startswith("38 files of 3 generations, ")
    flip(next((root / "segments" / "00000002-0000").glob("bands.npy")))
    code, out, err = run("verify", root)
    assert (code, out.count("\n")) == (2, 1)
    assert "1 file damaged" in err
    command = err.partition("promptprint repair ")[2].partition(" (")[0].split()
    assert command == ["--index", str(root), "--to-generation", "1"]
    code, out, _ = run("repair", root, *command[2:])
    assert (code, out) == (
        0,
        "generation 3 is generation 1 again: 5 requests of 1 log; index later logs again\n",
    )
    assert run("verify", root)[0] == 0


def test_damage_of_an_older_generation_alone_is_mended_without_loss(root):
    flip(manifests.path_of(root, 1))
    code, _, err = run("verify", root)
    assert code == 2
    assert (
        f"the newest generation is whole; to let go of older ones: promptprint repair --index {root}" in err
    )
    code, out, _ = run("repair", root, "--to-generation", "2")
    assert (code, out) == (
        0,
        "generation 2 is whole and the newest: 10 requests of 2 logs; nothing was lost\n",
    )
    assert run("verify", root)[0] == 0


def test_a_damaged_key_has_no_way_back_but_a_copy(root):
    (root / "KEY").write_text("00")
    code, out, err = run("verify", root)
    assert (code, out) == (2, "KEY: is damaged: it is to hold 64 hexadecimal digits\n")
    assert "restore from a copy, or index the logs anew" in err
    code, _, err = run("repair", root, "--to-generation", "1")
    assert code == 2
    assert f"no generation is; what is damaged says: promptprint verify --index {root}" in err


def test_a_damaged_index_is_not_compacted(root):
    flip(next((root / "segments" / "00000001-0000").glob("bands.npy")))
    code, _, err = run("compact", root)
    assert code == 2
    assert f"promptprint verify --index {root}" in err
    assert len(manifests.generations(root)) == 3


def test_erasing_says_what_it_removed(root, tmp_path):
    code, out, _ = run("erase", root, "--account", "nobody")
    assert (code, out) == (1, "nothing to erase in generation 2, the only one that is kept\n")
    code, _, err = run("erase", root, "--accounts-from", str(tmp_path / "missing"))
    assert (code, err) == (2, f"promptprint: {tmp_path / 'missing'}: No such file or directory\n")
    code, out, _ = run("erase", root, "--before", "2100-01-01")
    assert code == 0
    assert out.startswith("erased 10 requests of 1 account, 12 texts, 0 vectors, the names in 0 paths")


def test_a_copy_of_an_index_is_as_good(root, tmp_path):
    shutil.copytree(root, tmp_path / "copy")
    shutil.rmtree(root)
    assert run("verify", tmp_path / "copy")[0] == 0
    assert run("compact", tmp_path / "copy")[0] == 0
