"""`promptprint index`: logs into an index."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from cli import options, streams

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from indexes.manifest import Segment
    from indexes.workspace import Workspace

BAD_LINES_SHOWN = 5

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH...]", help="Logs, directories or globs; - reads standard input."),
]
Embed = Annotated[
    Literal["none", "bulk", "shared", "all"],
    typer.Option(
        help="bulk: embed every prompt, fast, in many languages. shared, all: a prompt of each near-copy "
        "cluster, of two accounts and more or of all, with --model."
    ),
]
Embedder = Annotated[
    str, typer.Option("--model", metavar="NAME", help="A sentence-transformers model, by name or folder.")
]
NoText = Annotated[
    bool, typer.Option("--no-text", help="Keep fingerprints only; fixed when an index is made.")
]
Key = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The key, 64 hex digits; random without it."),
]


def index(
    index: options.Index,
    paths: Paths = None,
    format: options.Format = None,
    mapping: options.Map = None,
    no_text: NoText = False,
    key: Key = None,
    embed: Embed = "none",
    model: Embedder = "all-MiniLM-L6-v2",
    engine: options.Engine = "local",
    master: options.Master = None,
    as_json: options.Json = False,
) -> None:
    """Read logs into an index.

    What is in already is left out, so a command can be run again; Ctrl-C loses nothing
    committed. Exits with 1 when no request could be indexed.
    """
    import msgspec

    from cli.files import named, spelt
    from cli.progress import reading, reporter
    from cli.render.summary import summary as render
    from indexes.ingest import ingest
    from indexes.workspace import Workspace
    from promptlog.reader import given_format

    if not paths and embed == "none":
        raise typer.BadParameter("give the logs to index (or --embed, for what the index holds)")
    if no_text and embed != "none":
        raise typer.BadParameter(
            "an index without texts has nothing to embed: leave out --embed or --no-text"
        )
    fields = options.mapped(mapping)
    secret = read_key(key)
    given_format(format, fields)  # what cannot be read leaves no new index behind
    options.check_master(engine, master)
    with _session(engine, master) as spark, _spooled(named(paths or [])) as files:
        if paths:
            workspace = Workspace.open_or_create(index, key=secret, with_text=not no_text)
        else:
            workspace = Workspace.open(index)
        logs = [file for file in files if not file.resolve().is_relative_to(index.resolve())]
        with reporter() as show:
            if spark is not None:
                from cluster.index import index_files

                done = index_files(spark, workspace, logs, format=format, mapping=fields, progress=show)
            else:
                done = ingest(
                    workspace,
                    logs,
                    format=format,
                    mapping=fields,
                    progress=lambda progress: show(reading(progress)),
                )
        if embed != "none":
            with reporter() as show:
                _embed(index, embed, model, show)
    after = Workspace.open(index)
    _tell_bad_lines(after, after.manifest.segments[len(workspace.manifest.segments) :], done.quarantined)
    unreadable = tuple(msgspec.structs.replace(file, reason=spelt(file.reason)) for file in done.unreadable)
    if as_json:
        streams.write_json(msgspec.json.encode(msgspec.structs.replace(done, unreadable=unreadable)))
    elif paths:
        render(done, streams.console())
    if done.records_indexed and not done.accounts:
        streams.talk(
            "no request names its account: accounts cannot be linked; name the field with --map account=…"
        )
    for file in (*unreadable, *done.waiting):
        streams.talk(f"promptprint: {file.reason}")
    if done.unreadable and not done.files and not done.files_known:
        raise typer.Exit(2)
    if paths and done.records_indexed == 0 and done.files_known == 0:
        raise typer.Exit(1)


def _session(engine: str, master: str | None) -> AbstractContextManager[SparkSession | None]:
    """Return Spark's session where that is the engine, before anything is written: it may not start."""
    if engine != "spark":
        return nullcontext()
    from cluster.session import session

    return session(master)


def _embed(root: Path, which: str, model: str, show: Callable[[str], None]) -> None:
    """Embed every prompt in bulk, or one of each near-copy cluster that enough accounts share."""
    from campaigns.representatives import representatives, template_texts
    from fingerprint.embedding import BULK_MODEL, load_encoder
    from indexes.embed import embed_fixed_texts, embed_prompts, worth_embedding
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    snapshot = Snapshot(Workspace.open(root))
    show("choosing prompts to embed")
    if which == "bulk":
        chosen = worth_embedding(snapshot)
    else:
        chosen = representatives(snapshot, min_accounts=2 if which == "shared" else 1)
    if not len(chosen):
        streams.talk("promptprint: no prompt of this index can be embedded: none shows any text")
        return
    show("loading the model")
    if which == "bulk":
        _tell_of_table()
    encoder = load_encoder(BULK_MODEL if which == "bulk" else model)
    embed_prompts(
        snapshot, chosen, encoder, progress=lambda n, total: show(f"embedded {n:,} of {total:,} prompts")
    )
    if which == "bulk":  # even if no prompt is new: accounts may be, or the last run was cut off here
        show("reading templates")
        found = template_texts(snapshot)
        embed_fixed_texts(snapshot, found.prompt, found.texts, encoder)


def _tell_of_table() -> None:
    """Say what is about to take a minute, the first time."""
    from fingerprint.token_table import kept_at

    if not kept_at().exists():
        streams.talk(f"making the table of tokens for bulk vectors, once, in about a minute: {kept_at()}")


def read_key(path: Path | None) -> bytes | None:
    """Return the key of a key file."""
    from promptlog.errors import PromptprintError

    if path is None:
        return None
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != 32:
        raise PromptprintError(f"{path} is no key file: it holds 64 hexadecimal digits and nothing else")
    return key


@contextmanager
def _spooled(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the files, what can be read but once as a private file.

    A log is known by its hash before it is read, which takes the bytes of a pipe.
    """
    import shutil
    import tempfile

    stdin = Path("-")
    if all(file != stdin and file.is_file() for file in files):
        yield files
        return
    with tempfile.TemporaryDirectory(prefix="promptprint-") as folder:
        regular = []
        for number, file in enumerate(files):
            if file != stdin and file.is_file():
                regular.append(file)
                continue
            spool = Path(folder, "standard-input" if file == stdin else f"pipe-{number}")
            with spool.open("wb") as stream, _opened(file) as pipe:
                shutil.copyfileobj(pipe, stream)
            regular.append(spool)
        yield regular


def _opened(file: Path) -> AbstractContextManager[IO[bytes]]:
    """Return a file to be read; standard input stays open."""
    return nullcontext(sys.stdin.buffer) if file == Path("-") else file.open("rb")


def _tell_bad_lines(workspace: Workspace, segments: Sequence[Segment], count: int) -> None:
    """Name the first lines that could not be read."""
    from indexes.segment import SegmentReader

    left = BAD_LINES_SHOWN
    for segment in segments:
        for line in SegmentReader(workspace.root / "segments" / segment.name).skipped[:left]:
            streams.talk(f"{line.path}, byte {line.offset}: {line.reason.value}")
            left -= 1
    if count > BAD_LINES_SHOWN:
        streams.talk(f"and {count - BAD_LINES_SHOWN:,} more lines that could not be read")
