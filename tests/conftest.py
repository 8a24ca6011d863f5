"""What tests share: settings, and a small index with one campaign."""

import json
from types import SimpleNamespace

import pytest
from commands import account_of, document, run
from hypothesis import settings
from indexed import KEY, append

from indexes.workspace import Workspace

# The first example of a property may compile a kernel, and cores are shared: no example has a deadline.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture
def root(tmp_path):
    """An index of one generation with requests."""
    root = tmp_path / "index"
    Workspace.create(root, key=KEY)
    append(root, "first")
    return root


@pytest.fixture(scope="session")
def planted():
    """The requests of the demo, with what was planted among them."""
    import demo

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
