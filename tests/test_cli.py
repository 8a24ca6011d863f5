"""What all commands have in common: help, misuse, exit codes, and what ends them early."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from commands import ROOT, run

from cli.progress import reporter

COMMANDS = (
    "demo",
    "formats",
    "index",
    "campaigns",
    "show",
    "search",
    "info",
    "verify",
    "repair",
    "compact",
    "erase",
)
HEAVY = {"numpy", "pyarrow", "numba", "torch", "faiss", "datasketch", "sentence_transformers", "scipy"}
OURS = {"promptlog", "fingerprint", "indexes", "campaigns", "demo"}


def test_help_names_every_command_and_exit_code():
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"\n  {name} " in result.stdout for name in COMMANDS)
    assert "2 could not run" in result.stdout


def test_without_arguments_comes_the_help():
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == run("--help").stdout


def test_version(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"promptprint": "1.2"}[name])
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, "promptprint 1.2\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_80_columns(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("args", [["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_nothing_heavy(args):
    script = (
        "import sys\nfrom cli.main import app\ntry: app(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *args], cwd=ROOT, capture_output=True, check=True, text=True
    )
    assert set(done.stderr.split()) & (HEAVY | OURS) == set()


@pytest.mark.parametrize("command", [["campaigns"], ["show", "x"], ["search", "x"], ["verify"], ["info"]])
def test_no_index_exits_2_in_one_line(tmp_path, command):
    result = run(*command, "--index", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "holds no promptprint index" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("args", [["--nonsense"], ["nonsense"], ["verify"], ["verify", "--index"]])
def test_misuse_exits_2(args):
    assert run(*args).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt, 130), (BrokenPipeError, 141), (PermissionError, 2), (KeyError, 2)]
)
def test_errors_become_exit_codes(monkeypatch, tmp_path, error, code):
    def fail(root, **_options):
        secret = "a logged prompt"  # a local variable
        raise error(str(root)) if secret else AssertionError

    monkeypatch.setattr("indexes.workspace.Workspace.open", fail)
    result = run("info", "--index", tmp_path)
    assert (result.exit_code, result.stdout) == (code, "")
    assert isinstance(result.exception, SystemExit)
    assert bool(result.stderr) is (error is not BrokenPipeError)
    assert ("Traceback" in result.stderr) is (error is KeyError)


def test_a_reader_that_goes_away_is_no_trouble(small):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", "info", "--index", small.index],
        cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_full_disk_under_the_output_is_said(small, how):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", "info", "--index", small.index, *how],
            cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b"the output or a temporary file could not be written" in done.stderr
    assert b"free some space and run the command again" in done.stderr


def test_ctrl_c_waits_for_the_next_report():
    with pytest.raises(KeyboardInterrupt), reporter() as show:  # noqa: PT012
        show("before")
        signal.raise_signal(signal.SIGINT)
        reached = True
        show("after")
        reached = False
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait():
    with pytest.raises(KeyboardInterrupt), reporter():  # noqa: PT012
        signal.raise_signal(signal.SIGINT)
        reached = True
        signal.raise_signal(signal.SIGINT)
        reached = False
    assert reached
