"""`promptprint index`: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from commands import closed, document, process, run


class TestIndex:
    def test_summary_as_json(self, small):
        rows = len(small.honest) + len(small.campaign)
        assert small.summary["records_read"] == small.summary["records_indexed"] == rows
        assert {
            "generation",
            "files",
            "files_known",
            "quarantined",
            "accounts",
            "seconds",
        } <= small.summary.keys()

    def test_the_same_log_again_is_not_new(self, small):
        result = run("index", small.log, "--index", small.index)
        assert result.exit_code == 0
        assert result.stdout == "nothing new: 1 file already in the index\n"

    def test_bad_lines_are_counted_and_named(self, tmp_path, small):
        log = tmp_path / "log.jsonl"
        good = json.dumps(small.honest[0]) + "\n"
        log.write_text(good + "{oops\n" * 7)
        result = run("index", log, "--index", tmp_path / "index")
        assert result.exit_code == 0
        assert "1 request of 1 account indexed" in result.stdout
        assert "7 lines could not be read" in result.stdout
        assert result.stderr.count(", byte ") == 5
        assert f", byte {len(good)}: " in result.stderr
        assert "and 2 more lines" in result.stderr

    def test_what_waits_and_what_repeats_is_told(self, tmp_path, small):
        log = tmp_path / "log.jsonl"
        rows = [json.dumps(row) + "\n" for row in small.honest[:2]]
        log.write_text("".join([*rows, rows[0], rows[1][:50]]))
        result = run("index", log, "--index", tmp_path / "index")
        assert result.exit_code == 0
        assert "1 request repeated under one id, counted once" in result.stdout
        assert f"torn last line at byte {len(''.join([*rows, rows[0]]))}" in result.stderr
        found = document(run("index", log, "--index", tmp_path / "index", "--json"))
        assert (found["files_known"], len(found["waiting"])) == (1, 1)

    def test_only_bad_lines_of_this_run_are_named(self, tmp_path, small):
        for number in range(2):
            log = tmp_path / f"{number}.jsonl"
            log.write_text(json.dumps(small.honest[number]) + "\n{oops\n")
            result = run("index", log, "--index", tmp_path / "index")
        assert result.stderr.count("byte") == 1
        assert "1.jsonl, byte" in result.stderr

    def test_nothing_to_index_exits_1(self, tmp_path):
        (tmp_path / "logs").mkdir()
        result = run("index", tmp_path / "logs", "--index", tmp_path / "index")
        assert result.exit_code == 1
        assert "no log was read" in result.stdout

    def test_standard_input(self, tmp_path, small):
        done = process("index", "-", "--index", tmp_path / "index", "--json", input=small.log.read_bytes())
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["records_indexed"] == small.summary["records_indexed"]

    def test_a_pipe_is_read_whole(self, tmp_path, small):
        """By name, as the shell's <(…) and /dev/stdin are; its bytes come but once."""
        for number, path in enumerate(("/dev/stdin", "/proc/self/fd/0")):
            args = ("index", path, small.log, "--index", tmp_path / str(number), "--json")
            done = process(*args, input=b"\n" + small.log.read_bytes())
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            rows = small.summary["records_indexed"]
            assert (found["files"], found["records_read"]) == (2, 2 * rows)
            assert (found["records_indexed"], found["repeated"]) == (rows, rows)

    def test_a_fifo_is_read_whole(self, tmp_path, small):
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_bytes, args=[small.log.read_bytes()])
        writer.start()
        result = run("index", fifo, "--index", tmp_path / "index", "--json")
        writer.join()
        assert document(result)["records_indexed"] == small.summary["records_indexed"]

    def test_closed_standard_input_is_empty(self, tmp_path):
        done = closed("0<&-", "index", "-", "--index", tmp_path / "index")
        assert (done.returncode, done.stderr) == (1, b"")

    def test_a_file_name_that_is_not_utf_8(self, tmp_path, small):
        logs = tmp_path / "logs"
        logs.mkdir()
        row = json.dumps(small.honest[0]).encode() + b"\n"
        Path(os.fsdecode(os.fsencode(logs) + b"/\xff.jsonl")).write_bytes(row)
        Path(os.fsdecode(os.fsencode(logs) + b"/\xfe.txt")).write_bytes(b"no log\n")
        result = run("index", logs, "--index", tmp_path / "index", "--json")
        assert (result.exit_code, document(result)["records_indexed"]) == (0, 1)
        assert "\\xfe.txt" in document(result)["unreadable"][0]["reason"]
        found = document(run("formats", logs, "--json"))["files"]
        assert [Path(file["path"]).name for file in found] == ["\\xfe.txt", "\\xff.jsonl"]
        shown = document(run("show", small.honest[0]["id"], "--index", tmp_path / "index", "--json"))
        assert shown["requests"][0]["path"] == f"{logs}/\\xff.jsonl"

    def test_requests_without_accounts_are_told(self, tmp_path):
        log = tmp_path / "log.jsonl"
        log.write_text('{"q": "What is the capital of France?"}\n')
        told = "no request names its account"
        result = run("index", log, "--index", tmp_path / "index", "--map", "prompt=q")
        assert result.exit_code == 0
        assert result.stderr.startswith(told)
        assert result.stderr.count("\n") == 1
        assert told not in run("index", log, "--index", tmp_path / "index", "--map", "prompt=q").stderr

    def test_the_index_itself_is_not_read_as_a_log(self, tmp_path, small):
        (tmp_path / "log.jsonl").write_bytes(small.log.read_bytes())
        for _ in range(2):
            assert run("index", tmp_path, "--index", tmp_path / "index").exit_code == 0

    def test_map_key_and_no_text(self, tmp_path):
        log, key = tmp_path / "log.jsonl", tmp_path / "key"
        log.write_text(json.dumps({"who": "ann", "q": {"text": "What is the capital of France?"}}) + "\n")
        key.write_text("ab" * 32 + "\n")
        where = ("--index", tmp_path / "index")
        options = ("--map", "account=who,prompt=q.text", "--key", key, "--no-text")
        assert run("index", log, *where, *options).exit_code == 0
        assert (tmp_path / "index" / "KEY").read_text().strip() == "ab" * 32
        found = document(run("search", "what is the capital of france", *where, "--json"))
        assert [(m["account"], m["text"]) for m in found["matches"]] == [("ann", "")]
        assert run("index", log, *where).exit_code == 2  # keeps no texts

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--map", "account"], "--map"),
            (["--map", "nonsense=x"], "nonsense"),
            (["--format", "nonsense"], "nonsense"),
            (["--key", "pyproject.toml"], "64 hexadecimal"),
            (["--key", "no-such-file"], "no-such-file"),
        ],
    )
    def test_misuse_is_one_line_and_exits_2(self, tmp_path, small, options, message):
        result = run("index", small.log, "--index", tmp_path / "index", *options)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (tmp_path / "index").exists()

    def test_a_missing_log_makes_no_index(self, tmp_path):
        result = run("index", tmp_path / "absent", "--index", tmp_path / "index")
        assert result.exit_code == 2
        assert not (tmp_path / "index").exists()
