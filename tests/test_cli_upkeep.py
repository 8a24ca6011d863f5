"""`promptprint verify`, `info`, `repair`, `compact` and `erase`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import account_of, closed, document, run


class TestVerify:
    def test_whole(self, small):
        result = run("verify", "--index", small.index)
        assert result.exit_code == 0
        assert result.stdout.endswith("all as published\n")
        found = document(run("verify", "--index", small.index, "--json"))
        assert found["damaged"] == []
        assert found["files"] > 5

    def test_closed_streams_are_no_trouble(self, tmp_path, small):
        done = closed(">&-", "verify", "--index", small.index)
        assert (done.returncode, done.stderr) == (0, b"")
        assert closed("<&- >&- 2>&-", "verify", "--index", small.index).returncode == 0
        assert closed(">&- 2>&-", "verify", "--index", tmp_path).returncode == 2

    def test_a_changed_byte_and_a_missing_file(self, tmp_path, small):
        index = tmp_path / "index"
        run("index", small.log, "--index", index)
        file = next(index.glob("segments/*/signatures.npy"))
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
        result = run("verify", "--index", index)
        assert result.exit_code == 2
        assert "signatures.npy: SHA-256" in result.stdout
        result = run("verify", "--index", index, "--json")
        assert (result.exit_code, len(document(result)["damaged"])) == (2, 1)
        file.unlink()
        result = run("verify", "--index", index)
        assert result.exit_code == 2
        assert "signatures.npy: missing" in result.stdout


class TestUpkeep:
    @pytest.fixture
    def index(self, tmp_path, small) -> Path:
        """An index of two generations."""
        index = tmp_path / "index"
        for half in (0, 1):
            part = tmp_path / f"{half}.jsonl"
            part.write_bytes(b"".join(small.log.read_bytes().splitlines(keepends=True)[half::2]))
            assert run("index", part, "--index", index).exit_code == 0
        return index

    def test_info(self, index):
        found = document(run("info", "--index", index, "--json"))
        assert [one["generation"] for one in found["generations"]] == [0, 1, 2]
        assert [Path(log["path"]).name for log in found["inputs"]] == ["0.jsonl", "1.jsonl"]
        shown = run("info", "--index", index)
        assert shown.exit_code == 0
        assert f"generation 2: {found['requests']:,} requests" in shown.stdout
        assert "1.jsonl" in shown.stdout

    def test_repair(self, index):
        newest = index / "MANIFEST-00000000000000000002"
        newest.write_bytes(newest.read_bytes()[:-1])
        assert f"repair --index {index} --to-generation 1" in run("verify", "--index", index).stderr
        assert run("repair", "--index", index, "--to-generation", "2").exit_code == 2
        done = document(run("repair", "--index", index, "--to-generation", "1", "--json"))
        assert (done["generation"], done["repaired_from"], done["files"]) == (3, 1, 1)
        assert run("verify", "--index", index).exit_code == 0

    def test_compact(self, index):
        done = document(run("compact", "--index", index, "--json"))
        assert (done["segments_before"], done["segments"]) == (2, 1)
        assert "generation 3: 1 segment," in run("compact", "--index", index).stdout

    def test_erase(self, index, tmp_path):
        with (tmp_path / "0.jsonl").open() as lines:
            account = account_of(json.loads(next(lines)))
        (tmp_path / "accounts").write_text(f"{account}\n\nnobody\n")
        done = run("erase", "--index", index, "--accounts-from", tmp_path / "accounts")
        assert (done.exit_code, done.stderr) == (0, "")
        assert "of 1 account," in done.stdout
        assert run("show", account, "--index", index).exit_code == 1
        assert run("erase", "--index", index, "--account", account).exit_code == 1

    def test_erase_wants_to_know_what(self, index):
        result = run("erase", "--index", index)
        assert (result.exit_code, "say what to erase" in result.stderr) == (2, True)

    def test_what_is_read_is_not_erased_yet(self, index):
        from indexes.workspace import Workspace

        reader = Workspace.open(index)
        result = run("erase", "--index", index, "--before", "2100-01-01")
        assert (result.exit_code, "generation 2 is being read" in result.stderr) == (2, True)
        del reader
        assert run("erase", "--index", index, "--before", "2100-01-01").exit_code == 1
        assert document(run("info", "--index", index, "--json"))["requests"] == 0
