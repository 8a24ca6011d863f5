"""`promptprint campaigns` and `show`: what they print, their JSON, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import RUBRIC, account_of, document, run

from cli.render.campaign import LEAST_WEIGHT


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
            weighty = abs(reason["weight"]) >= LEAST_WEIGHT
            assert (" ".join(reason["text"].split()) in text) == weighty
            assert weighty or reason["signal"] in text
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
