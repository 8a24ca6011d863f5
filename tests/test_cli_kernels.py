"""Where compiled kernels are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import ROOT, run

from cli.kernels import keep_kernels


class TestKernels:
    @pytest.fixture(autouse=True)
    def home(self, monkeypatch, tmp_path):
        """Packages that nothing can be written to, for they are files; a home that is not there yet."""
        monkeypatch.setenv("NUMBA_CACHE_DIR", "")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setattr("cli.kernels.ROOT", tmp_path)
        for name in ("fingerprint", "indexes", "campaigns"):
            (tmp_path / name).write_text("")
        return tmp_path / "home"

    def test_beside_their_source_if_possible(self, monkeypatch):
        monkeypatch.setattr("cli.kernels.ROOT", ROOT)
        keep_kernels()
        assert os.environ["NUMBA_CACHE_DIR"] == ""

    def test_where_the_user_wants_them(self, monkeypatch, home):
        monkeypatch.setenv("NUMBA_CACHE_DIR", "/chosen")
        keep_kernels()
        assert os.environ["NUMBA_CACHE_DIR"] == "/chosen"
        assert not home.exists()

    def test_else_at_home(self, home):
        keep_kernels()
        assert os.environ["NUMBA_CACHE_DIR"] == str(home / ".cache" / "promptprint")
        assert (home / ".cache" / "promptprint").is_dir()

    def test_else_in_a_private_directory_that_goes_away(self, home, monkeypatch):
        left = []
        monkeypatch.setattr("atexit.register", lambda *args, **options: left.append((args, options)))
        home.write_text("")
        keep_kernels()
        folder = Path(os.environ["NUMBA_CACHE_DIR"])
        assert folder.name.startswith("promptprint-kernels-")
        assert folder.stat().st_mode & 0o777 == 0o700
        [((remove, *args), options)] = left
        remove(*args, **options)
        assert not folder.exists()

    def test_not_in_the_directory_of_another(self, home, monkeypatch):
        monkeypatch.setattr("os.geteuid", lambda: -2)
        keep_kernels()
        assert "promptprint-kernels-" in os.environ["NUMBA_CACHE_DIR"]

    def test_before_any_command(self, home, small):
        assert run("verify", "--index", small.index).exit_code == 0
        assert os.environ["NUMBA_CACHE_DIR"] == str(home / ".cache" / "promptprint")
