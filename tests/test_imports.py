"""Imports point one way: promptlog ← fingerprint ← indexes ← campaigns ← cluster ← console ← cli.

The demo writes logs as a stranger would, so it knows nothing of the project; only cli runs it.
The sources are parsed, not imported: an import inside a function counts too.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ORDER = ("promptlog", "fingerprint", "indexes", "campaigns", "cluster", "console", "cli")
MAY_IMPORT = {name: {name, *ORDER[:place]} for place, name in enumerate(ORDER)}
MAY_IMPORT["cli"].add("demo")
MAY_IMPORT["demo"] = {"demo"}
OURS = {*MAY_IMPORT, "benchmarks", "tests", "tools"}


def wrong_imports(root: Path) -> list[str]:
    """Return "file:line imports module" for every import of ours that points the wrong way."""
    return [
        f"{path.relative_to(root)}:{line} imports {module}"
        for package, allowed in MAY_IMPORT.items()
        for path in sorted((root / package).rglob("*.py"))
        for line, module in imported(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        if module.split(".")[0] in OURS - allowed
    ]


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, absolute module name); a relative import stays in its own package."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield node.lineno, module


def write(path: Path, source: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")


def test_imports_point_one_way():
    assert wrong_imports(ROOT) == []


@pytest.mark.parametrize(
    ("importer", "source", "module"),
    [
        ("promptlog/reader.py", "import fingerprint", "fingerprint"),
        ("promptlog/formats/litellm.py", "from indexes.lsh import BandTable", "indexes.lsh"),
        ("fingerprint/minhash.py", "import numpy, indexes.workspace as w", "indexes.workspace"),
        ("indexes/lsh.py", "def late():\n    from campaigns import edges", "campaigns"),
        ("campaigns/signals/load.py", "if TYPE_CHECKING:\n    import cli.main", "cli.main"),
        ("campaigns/find.py", "from console import pages", "console"),
        ("console/pages.py", "from demo import texts", "demo"),
        ("demo/traffic.py", "import promptlog", "promptlog"),
        ("indexes/segment.py", "importlib.import_module('campaigns.edges')", "campaigns.edges"),
        ("cli/main.py", "from tests.conftest import settings", "tests.conftest"),
    ],
)
def test_a_planted_wrong_import_is_found(tmp_path, importer, source, module):
    write(tmp_path / importer, f'"""A module."""\n\n{source}\n')
    line = 3 + source.count("\n")
    assert wrong_imports(tmp_path) == [f"{importer}:{line} imports {module}"]


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("cli/main.py", "import demo, campaigns, promptlog.reader"),
        ("campaigns/find.py", "from indexes import lsh\nfrom fingerprint import kernel"),
        ("promptlog/reader.py", "from promptlog.lines import split\nfrom . import campaigns, cli"),
        ("promptlog/reader.py", "import demographics, clipboard"),
        ("promptlog/reader.py", "TEXT = 'import cli'"),
    ],
)
def test_an_import_the_right_way_is_not_found(tmp_path, importer, source):
    write(tmp_path / importer, source)
    assert wrong_imports(tmp_path) == []


def test_every_package_has_its_place_and_is_shipped():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = project["tool"]["setuptools"]["packages"]["find"]["include"]
    assert packages <= set(MAY_IMPORT)
    assert {f"{name}*" for name in packages} <= set(shipped)


def test_every_folder_of_modules_is_a_package():
    folders = {path.parent for name in MAY_IMPORT for path in (ROOT / name).rglob("*.py")}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
