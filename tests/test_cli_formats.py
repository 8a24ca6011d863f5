"""`promptprint formats`: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json

import pytest
from commands import document, run


class TestFormats:
    def test_json(self, small):
        found = document(run("formats", small.log, "--records", "2", "--json"))["files"]
        assert [(f["format"], f["container"], f["prompt_share"]) for f in found] == [
            ("litellm", "plain", 1.0)
        ]
        assert [r["request_id"] for r in found[0]["records"]] == [r["id"] for r in small.honest[:2]]

    def test_terminal(self, small):
        result = run("formats", small.log, "--records", "1")
        assert result.exit_code == 0
        assert "litellm, 100% sure" in result.stdout
        assert small.honest[0]["id"] in result.stdout

    def test_a_mapping_can_be_tried_out(self, tmp_path):
        log = tmp_path / "log.jsonl"
        log.write_text(json.dumps({"who": "ann", "q": "What is the capital of France?"}) + "\n")
        assert run("formats", log).exit_code == 1
        args = ("formats", log, "--map", "account=who,prompt=q", "--records", "1", "--json")
        [found] = document(run(*args))["files"]
        assert (found["format"], found["records"][0]["account"]) == ("mapped", "ann")

    def test_a_format_can_be_named(self, tmp_path):
        log = tmp_path / "log.jsonl"
        log.write_text('{"model": "m", "messages": [{"role": "user", "content": "Solve"}]}\n')
        [found] = document(run("formats", log, "--format", "anthropic", "--json"))["files"]
        assert (found["format"], found["confidence"], found["prompt_share"]) == ("anthropic", 0.0, 0.0)
        result = run("formats", log, "--format", "nonsense")
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)

    def test_unknown_exits_1(self, tmp_path):
        (tmp_path / "notes.txt").write_text("just some notes\n")
        result = run("formats", tmp_path / "notes.txt")
        assert result.exit_code == 1
        assert "no known format" in result.stdout

    @pytest.mark.parametrize("how", [(), ("--json",)])
    def test_an_empty_directory_is_said(self, tmp_path, how):
        (tmp_path / ".hidden.jsonl").write_text("{}\n")
        result = run("formats", tmp_path, *how)
        assert result.exit_code == 1
        assert f"no file in {tmp_path} (hidden ones" in result.stderr
        assert result.stdout == ('{"schema_version":1,"files":[]}\n' if how else "")

    def test_one_unreadable_file_exits_2_and_the_others_are_shown(self, tmp_path, small):
        (tmp_path / "a.parquet").write_bytes(b"PAR1....")
        result = run("formats", tmp_path / "a.parquet", small.log, "--json")
        assert result.exit_code == 2
        assert "Parquet" in result.stderr
        assert len(document(result)["files"]) == 1
