import os
from pathlib import Path

import pytest

from promptlog import LogError, walk


@pytest.fixture
def tree(tmp_path):
    for name in ("b/2.jsonl", "b/10.jsonl", "a/x/1", "a/.hidden", ".git/config", "c.gz"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def names(tree, found):
    return [file.relative_to(tree).as_posix() for file in found]


def test_directories_are_walked_in_sorted_order_without_hidden_files(tree):
    assert names(tree, walk([tree])) == ["c.gz", "a/x/1", "b/10.jsonl", "b/2.jsonl"]


def test_paths_keep_their_order_and_a_file_comes_once(tree):
    found = walk([tree / "c.gz", str(tree / "b"), tree])
    assert names(tree, found) == ["c.gz", "b/10.jsonl", "b/2.jsonl", "a/x/1"]


def test_globs_match_files_and_directories(tree):
    assert names(tree, walk([tree / "b" / "*.jsonl"])) == ["b/10.jsonl", "b/2.jsonl"]
    assert names(tree, walk([f"{tree}/**/1*"])) == ["a/x/1", "b/10.jsonl"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path):
    file = tmp_path / "log[1].jsonl"
    file.touch()
    assert walk([file]) == [file]


def test_standard_input_is_kept():
    assert walk(["-"]) == [Path("-")]


@pytest.mark.parametrize("path", ["missing.jsonl", "*.nothing", ""])
def test_a_path_that_is_not_there_is_an_error(tree, path):
    with pytest.raises(LogError, match="no such file"):
        walk([f"{tree}/x{path}"])


def test_linked_directories_do_not_loop(tree):
    os.symlink(tree, tree / "a" / "loop")
    assert len(walk([tree])) == 4
