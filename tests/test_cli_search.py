"""`promptprint search`: what it prints, its JSON, and its exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from commands import RUBRIC, document, run
from indexed import dump


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


def test_a_search_by_meaning_imports_nothing_that_it_does_not_need(tmp_path):
    """Each takes longer to import than the search may take."""
    assert run("index", dump(tmp_path, "a"), "--index", tmp_path / "index", "--embed", "bulk").exit_code == 0
    script = (
        "import sys\nfrom cli.main import app\n"
        "query = 'explain every step of the reasoning'\n"
        "try: app(['search', query, '--by', 'meaning', '--index', sys.argv[1]])\n"
        "except SystemExit: pass\n"
        "print(*{'torch', 'scipy', 'pandas', 'datasketch', 'numba'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "index")], capture_output=True, check=True, text=True
    )
    assert done.stderr.split() == ["numba"]
    assert "meaning" in done.stdout
