"""Running commands as tests do: in this process, or as their users run them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).resolve().parents[1]
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
