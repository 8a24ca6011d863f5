"""`promptprint demo`, and how it compares what is found with what was planted."""

from __future__ import annotations

import pytest
from commands import account_of, run

from cli.commands.demo import program
from cli.planted import compare


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
