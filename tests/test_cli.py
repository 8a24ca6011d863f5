"""Every command: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import demo
from cli.commands.demo import program
from cli.kernels import keep_kernels
from cli.main import app
from cli.planted import compare
from cli.progress import reporter

ROOT = Path(__file__).resolve().parents[1]
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
RUBRIC = "Grade this response against the rubric and output JSON only."


def run(*args, stdin=None, **env):
    return CliRunner().invoke(app, [str(arg) for arg in args], input=stdin, env={"COLUMNS": "80", **env})


def document(result):
    assert result.stdout.count("\n") == 1
    found = json.loads(result.stdout)
    assert found["schema_version"] == 1
    return found


def account_of(row):
    return row["metadata"]["user_api_key_user_id"]


def process(*args, **options):
    """Run the program as its users do."""
    return subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, args)],
        cwd=ROOT, capture_output=True, check=False, timeout=60, **options,
    )  # fmt: skip


def closed(streams, *args):
    """Run the program with streams closed, as `>&-` does it."""
    script = f'exec "$0" -c "from cli.main import main; main()" "$@" {streams}'
    return subprocess.run(
        ["sh", "-c", script, sys.executable, *map(str, args)],
        cwd=ROOT, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.fixture(scope="session")
def planted():
    return demo.build()


@pytest.fixture(scope="session")
def small(tmp_path_factory, planted):
    """An index of 13 accounts of one campaign, with as much honest traffic."""
    folder = tmp_path_factory.mktemp("small")
    graded = [r for r in planted.requests if planted.truth[r["id"]].scenario == "rubric grading"]
    pool = list(dict.fromkeys(account_of(r) for r in graded))[:13]
    campaign = [r for r in graded if account_of(r) in pool]
    honest = [r for r in planted.requests if planted.truth[r["id"]].label not in ("campaign", "cover")][:120]
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in (*honest, *campaign)))
    result = run("index", log, "--index", folder / "index", "--json")
    assert result.exit_code == 0, result.output
    return SimpleNamespace(
        log=log, index=folder / "index", campaign=campaign, pool=pool, honest=honest, summary=document(result)
    )


@pytest.fixture(scope="session")
def report(small):
    return document(run("campaigns", "--index", small.index, "--members", "--json"))


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


class TestCampaigns:
    def test_report(self, small, report):
        assert report["requests"] == small.summary["records_indexed"]
        alerts = [c for c in report["campaigns"] if c["alert"]]
        assert [sorted(c["accounts"]) for c in alerts] == [sorted(small.pool)]
        assert RUBRIC in " ".join([alerts[0]["template"], *alerts[0]["variants"]])

    def test_without_members(self, small):
        found = document(run("campaigns", "--index", small.index, "--json"))
        assert not any("accounts" in c or "requests" in c for c in found["campaigns"])

    def test_list(self, small, report):
        result = run("campaigns", "--index", small.index)
        assert result.exit_code == 0
        assert report["campaigns"][0]["id"] in result.stdout
        assert "1 campaign in" in result.stdout
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert "\x1b" not in result.stdout

    @pytest.mark.parametrize("width", [12, 40, 69, 70])
    def test_ids_are_whole_however_narrow(self, small, report, width):
        first = report["campaigns"][0]
        result = run("campaigns", "--index", small.index, COLUMNS=str(width))
        lines = result.stdout.splitlines()
        row = next(number for number, line in enumerate(lines) if line.startswith(first["id"]))
        if width == 40:
            assert lines[row].startswith(f"{first['id']}  ")
            assert lines[row + 1] == f"{first['account_count']} accounts, {first['request_count']} requests"
            assert lines[row + 2].startswith("  │ ")
            assert max(map(len, lines[row:])) <= 40
        assert ("template" in result.stdout.replace("{slot}", "")) is (width >= 70)

    def test_none_over_the_threshold_exits_1_and_still_prints(self, small):
        options = ("--index", small.index, "--threshold", "1")
        assert run("campaigns", *options).exit_code == 1
        assert "below the threshold of 1" in run("campaigns", *options).stdout
        result = run("campaigns", *options, "--json")
        assert result.exit_code == 1
        assert not any(c["alert"] for c in document(result)["campaigns"])

    def test_all_lists_what_is_below(self, small, report):
        result = run("campaigns", "--index", small.index, "--threshold", "1", "--all")
        assert all(c["id"] in result.stdout for c in report["campaigns"])


class TestShow:
    def test_campaign(self, small, report):
        found = report["campaigns"][0]
        result = run("show", found["id"], "--index", small.index)
        assert result.exit_code == 0
        text = " ".join(result.stdout.replace("│", " ").split())
        for part in ("Template", "What speaks for it", "What speaks against it", "What would make it surer"):
            assert part in text
        assert "│ «" in result.stdout
        assert f"{found['account_count']} accounts, {found['request_count']} requests" in text
        for reason in found["reasons"]:
            assert " ".join(reason["text"].split()) in text
        assert max(map(len, result.stdout.splitlines())) <= 80

    def test_campaign_json_has_its_members(self, small, report):
        found = document(run("show", report["campaigns"][0]["id"], "--index", small.index, "--json"))
        assert found["kind"] == "campaign"
        assert found["campaign"] == report["campaigns"][0]

    def test_fixed_text_is_bold_on_a_terminal_and_plain_with_no_color(self, small, report):
        args = ("show", report["campaigns"][0]["id"], "--index", small.index)
        assert "\x1b[1;4m" in run(*args, FORCE_COLOR="1", TERM="xterm-256color").stdout
        plain = run(*args, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").stdout
        assert "\x1b" not in plain
        assert "«" in plain

    def test_account(self, small, report):
        name = small.pool[0]
        sent = sum(account_of(r) == name for r in small.campaign)
        found = document(run("show", name, "--index", small.index, "--json"))
        assert (found["kind"], found["account"]["requests"]) == ("account", sent)
        assert [c["id"] for c in found["campaigns"]] == [report["campaigns"][0]["id"]]
        assert len(found["account"]["examples"]) == min(5, sent)
        shown = run("show", name, "--index", small.index).stdout
        assert f"requests     {sent}" in shown
        assert report["campaigns"][0]["id"] in shown

    def test_request_leads_back_to_its_line(self, small, report):
        logged = small.campaign[3]
        found = document(run("show", logged["id"], "--index", small.index, "--json"))["requests"][0]
        assert found["first_user"] == logged["messages"][-1]["content"]
        with Path(found["path"]).open("rb") as log:
            log.seek(found["offset"])
            assert json.loads(log.readline())["id"] == logged["id"]
        shown = run("show", logged["id"], "--index", small.index).stdout
        assert f"byte {found['offset']:,}" in shown
        assert report["campaigns"][0]["id"] in shown

    def test_an_honest_request_is_in_no_campaign(self, small):
        result = run("show", small.honest[0]["id"], "--index", small.index)
        assert "No campaign holds it" in result.stdout

    def test_an_id_used_twice_shows_both(self, tmp_path, small):
        log = tmp_path / "log.jsonl"
        log.write_text("".join(json.dumps({**row, "id": "twice"}) + "\n" for row in small.honest[:2]))
        run("index", log, "--index", tmp_path / "index")
        assert len(document(run("show", "twice", "--index", tmp_path / "index", "--json"))["requests"]) == 2

    def test_unknown_exits_1(self, small):
        result = run("show", "nobody", "--index", small.index)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "nobody" in result.stderr


class TestSearch:
    def test_finds_the_campaign(self, small):
        found = document(run("search", RUBRIC, "--index", small.index, "--json", "--limit", "3"))
        assert found["query"] == RUBRIC
        assert len(found["matches"]) == 3
        wanted = {
            "request_id",
            "account",
            "timestamp",
            "model",
            "jaccard",
            "containment",
            "cosine",
            "by",
            "text",
        }
        for match in found["matches"]:
            assert wanted <= match.keys()
            assert match["account"] in small.pool

    def test_terminal(self, small):
        result = run("search", RUBRIC, "--index", small.index)
        assert result.exit_code == 0
        assert "span: holds" in result.stdout

    def test_nothing_similar_exits_1(self, small):
        args = ("search", "zebras knit purple thunder beneath quiet algebra", "--index", small.index)
        assert run(*args).exit_code == 1
        result = run(*args, "--json")
        assert (result.exit_code, document(result)["matches"]) == (1, [])

    def test_like_a_request(self, small):
        logged = small.campaign[0]
        found = document(run("search", "--like", logged["id"], "--index", small.index, "--json"))
        assert found["query"] == logged["messages"][-1]["content"]
        assert found["matches"][0]["jaccard"] == 1

    def test_like_an_unknown_request_exits_1(self, small):
        result = run("search", "--like", "no such request", "--index", small.index)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "promptprint: no request is called no such request\n"

    def test_standard_input(self, small):
        result = run("search", "-", "--index", small.index, "--json", stdin=RUBRIC)
        assert document(result)["query"] == RUBRIC

    def test_filters(self, small):
        name = small.pool[2]
        found = document(run("search", RUBRIC, "--index", small.index, "--account", name, "--json"))
        assert {m["account"] for m in found["matches"]} == {name}
        times = sorted(m["timestamp"] for m in found["matches"])
        args = ("search", RUBRIC, "--index", small.index, "--account", name, "--json", "--until")
        until = document(run(*args, times[0][:10]))["matches"]
        assert until
        assert all(m["timestamp"][:10] <= times[0][:10] for m in until)
        assert run(*args, times[0]).exit_code == 1
        assert run(*args[:-1], "--since", "2027-01-01").exit_code == 1
        assert run(*args[:-1], "--model", "no such model").exit_code == 1

    def test_by_kind(self, small):
        for kind in ("copy", "span", "any"):
            result = run("search", RUBRIC, "--index", small.index, "--by", kind, "--json")
            assert all(kind in (m["by"], "any") for m in document(result)["matches"])

    @pytest.mark.parametrize(
        "args",
        [
            [],
            [RUBRIC, "--like", "x"],
            [RUBRIC, "--since", "yesterday"],
            [RUBRIC, "--until", "9999-12-31"],
            [RUBRIC, "--by", "magic"],
            [RUBRIC, "--by", "meaning"],
            [RUBRIC, "--limit", "0"],
            [" \n"],
        ],
    )
    def test_what_cannot_be_searched_exits_2(self, small, args):
        result = run("search", *args, "--index", small.index)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.count("\n") == 1


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

    def test_unknown_exits_1(self, tmp_path):
        (tmp_path / "notes.txt").write_text("just some notes\n")
        result = run("formats", tmp_path / "notes.txt")
        assert result.exit_code == 1
        assert "no known format" in result.stdout

    def test_one_unreadable_file_exits_2_and_the_others_are_shown(self, tmp_path, small):
        (tmp_path / "a.parquet").write_bytes(b"PAR1....")
        result = run("formats", tmp_path / "a.parquet", small.log, "--json")
        assert result.exit_code == 2
        assert "Parquet" in result.stderr
        assert len(document(result)["files"]) == 1


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
        [sys.executable, "-c", "from cli.main import main; main()", "campaigns", "--index", small.index],
        cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


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


@pytest.fixture(scope="session")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cli.commands.demo.program", lambda: "promptprint")
        return folder, run("demo", "--dir", folder)


class TestDemo:
    def test_shows_everything_and_what_to_do_next(self, shown):
        folder, result = shown
        assert result.exit_code == 0
        assert {path.name for path in folder.iterdir()} == {"demo-log.jsonl", "index"}
        for part in (
            "$ promptprint index",
            "$ promptprint campaigns",
            "$ promptprint show c-",
            "Go on with:",
        ):
            assert part in result.stdout
        assert "planted: 5 campaigns, found: 5; honest accounts flagged: " in result.stdout

    def test_the_comparison_is_counted_from_the_truth(self, shown, planted):
        from campaigns.find import find_campaigns
        from indexes.snapshot import Snapshot
        from indexes.workspace import Workspace

        snapshot = Snapshot(Workspace.open(shown[0] / "index"))
        report = find_campaigns(snapshot)
        guilty = {account_of(row) for row in planted.requests if planted.truth[row["id"]].label == "campaign"}
        flagged = {account for alert in report.alerts for account in alert.accounts}
        compared = compare(report, snapshot.requests, planted.truth)
        assert compared.honest_accounts_flagged == len(flagged - guilty)
        assert compared.sentence in shown[1].stdout
        # Without alerts nothing is found, and nobody is flagged.
        nothing = compare(report.at(1.1), snapshot.requests, planted.truth)
        assert (nothing.planted, nothing.found, nothing.honest_accounts_flagged) == (5, 0, 0)

    def test_commands_are_shown_as_they_can_be_typed(self, monkeypatch, tmp_path):
        script = tmp_path / "my tools" / "promptprint"
        script.parent.mkdir()
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("sys.argv", [str(script)])
        assert program() == "promptprint"  # nothing is there
        script.write_text("")
        assert program() == "promptprint"  # no program
        script.chmod(0o700)
        assert program() == f"'{script}'"
        monkeypatch.setenv("PATH", str(script.parent))
        assert program() == "promptprint"

    def test_another_file_of_that_name_is_left_alone(self, tmp_path):
        (tmp_path / "demo-log.jsonl").write_text("mine\n")
        assert run("demo", "--dir", tmp_path).exit_code == 2
        assert (tmp_path / "demo-log.jsonl").read_text() == "mine\n"
