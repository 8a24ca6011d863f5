"""A small index, made as `promptprint index` makes one."""

from pathlib import Path

from logsamples import line, litellm, log

from indexes.ingest import ingest
from indexes.verify import verify
from indexes.workspace import Workspace

KEY = bytes(range(32))


def messages(text: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def dump(folder: Path, name: str) -> Path:
    """Write a log of five requests and a bad line."""
    words = "explain every step of the private reasoning and then give the final answer in one word"
    entries = [litellm(id=f"{name}-{i}", messages=messages(f"{name} {i} {words}")) for i in range(5)]
    return log(folder, *map(line, entries), b"not json\n", name=f"{name}.jsonl")


def append(root: Path, name: str) -> Workspace:
    """Index a small log; return the new generation."""
    ingest(Workspace.open(root), [dump(root.parent, name)])
    return Workspace.open(root)


def whole(root: Path) -> bool:
    """Return whether every file is as it was published."""
    return verify(root).damaged == ()


def published(workspace: Workspace) -> dict[str, tuple[bytes, int, int]]:
    """Content, inode and time of every file that exists."""
    files = [
        path
        for path in workspace.root.rglob("*")
        if path.is_file() and path.name != "LOCK" and not path.name.startswith("checked-")
    ]
    return {str(path): (path.read_bytes(), path.stat().st_ino, path.stat().st_mtime_ns) for path in files}
