"""`promptprint search`: who else sent this?"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import options, streams

if TYPE_CHECKING:
    from indexes.search import Neighbours, Reorder
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

Kind = Literal["copy", "span", "meaning", "any"]

Words = Annotated[str | None, typer.Argument(metavar="TEXT|-", help="The text; - reads standard input.")]
Like = Annotated[
    str | None,
    typer.Option("--like", metavar="REQUEST", help="Search for the longest text of a logged request."),
]
Kinds = Annotated[
    Kind,
    typer.Option(
        "--by", help="copy: the whole text; span: shared wording; meaning: in other words; any: all three."
    ),
]
Account = Annotated[str | None, typer.Option(metavar="A", help="Only requests of this account.")]
Model = Annotated[str | None, typer.Option(metavar="M", help="Only requests to this model.")]
Since = Annotated[
    str | None, typer.Option(metavar="DATE", help="Only requests from this day or ISO time on (UTC).")
]
Until = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Only requests to this day's end, or before this ISO time."),
]
Deep = Annotated[bool, typer.Option("--deep", help="Order what is near in meaning by a slower model.")]
DeepBy = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="That model: all-MiniLM-L6-v2, best in English; use-multilingual-v3, in sixteen languages "
        "and without torch; or any sentence-transformers model, by name or folder. Implies --deep.",
    ),
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="How many prompts to list.")]


def search(
    index: options.Index,
    text: Words = None,
    like: Like = None,
    by: Kinds = "any",
    account: Account = None,
    model: Model = None,
    since: Since = None,
    until: Until = None,
    deep: Deep = False,
    deep_by: DeepBy = None,
    limit: Limit = 10,
    key: options.Pseudonyms = None,
    as_json: options.Json = False,
) -> None:
    """List logged prompts that resemble TEXT, most similar first.

    Exits with 1 when nothing is similar, as grep does, or no request has the name given.
    """
    if (text is None) == (like is None):
        raise typer.BadParameter("give either a text (- for standard input) or --like REQUEST")
    deep = deep or deep_by is not None
    if deep and by not in ("meaning", "any"):
        raise typer.BadParameter(f"--deep orders what is near in meaning, so --by {by} has no use for it")
    window = moment(since, "--since"), moment(until, "--until", end=True)

    import msgspec

    from cli.kernels import load_lightly

    load_lightly()

    from cli.pseudonyms import Pseudonyms
    from cli.render import matches as render
    from indexes.workspace import Workspace

    workspace = Workspace.open(index)
    near = _neighbours(workspace, by == "meaning" or deep) if by in ("meaning", "any") else None

    from indexes.search import By
    from indexes.search import search as find
    from indexes.senders import Filters
    from indexes.snapshot import Snapshot

    pseudonyms = Pseudonyms.of(key, index)
    snapshot = Snapshot(workspace)
    asked = account and pseudonyms.account(account, snapshot)
    reorder = _reordered(snapshot, deep_by) if near and deep else None
    query = _typed(text) if text is not None else _logged(snapshot, like or "")
    filters = Filters(asked, model, *window)
    found = pseudonyms.instead(
        find(snapshot, query, by=By(by), limit=limit, filters=filters, neighbours=near, reorder=reorder)
    )
    if as_json:
        streams.write_json(msgspec.json.encode({"schema_version": 1, "query": query, "matches": found}))
    else:
        render.matches(found, streams.console())
    if not found:
        raise typer.Exit(1)


def moment(text: str | None, option: str, *, end: bool = False) -> int | None:
    """Return a day or an ISO time in microseconds since 1970; `end` takes a day's end."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if end and len(text) <= len("2026-05-31"):
            found += timedelta(days=1)
    except OverflowError:
        raise typer.BadParameter(f"{option}: {text!r} is too late a day") from None
    except ValueError:
        raise typer.BadParameter(
            f"{option}: {text!r} is neither a day like 2026-05-31 nor an ISO time"
        ) from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return (found - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _typed(text: str) -> str:
    """Return the text to search for, read from standard input for "-"."""
    from promptlog.errors import PromptprintError

    try:
        text = sys.stdin.buffer.read().decode() if text == "-" else text.encode().decode()
    except UnicodeError:
        raise PromptprintError("the text to search for is not UTF-8") from None
    if not text.strip():
        raise typer.BadParameter("the text to search for is empty")
    return text


def _neighbours(workspace: Workspace, required: bool) -> Neighbours | None:
    """Return the search by meaning: with the bulk vectors where there are some, which needs no torch,
    else, if it is `required`, with the model that the index was embedded with.

    It is being made while its first question is; whatever that raises, it raises. A tokeniser's model
    takes as long to read as the other modules, and needs no Python.
    """
    from fingerprint.embedding import BULK_MODEL, load_encoder
    from indexes.errors import NoVectors

    models = [one.model for one in workspace.manifest.vectors]
    if BULK_MODEL not in models and not required:
        return None
    if not models:
        raise NoVectors(
            f"{workspace.root} holds no embeddings; make them with: "
            f"promptprint index --embed bulk --index {workspace.root}"
        )

    def made() -> Neighbours:
        encoder = load_encoder(BULK_MODEL if BULK_MODEL in models else models[0])
        from indexes.embed import neighbours

        return neighbours(workspace, encoder)

    pool = ThreadPoolExecutor(1)
    found = pool.submit(made)
    pool.shutdown(wait=False)
    return lambda text, count: found.result()(text, count)


def _reordered(snapshot: Snapshot, model: str | None) -> Reorder:
    """Return what puts the nearest in order by a deep encoder."""
    from fingerprint.embedding import DEFAULT_MODEL, load_encoder
    from indexes.embed import reordered

    return reordered(snapshot, load_encoder(model or DEFAULT_MODEL))


def _logged(snapshot: Snapshot, request_id: str) -> str:
    """Return the longest text of a logged request, tools apart."""
    from indexes import lookup
    from promptlog.errors import PromptprintError

    found = lookup.requests(snapshot, request_id)
    if not found:
        streams.talk(f"promptprint: no request is called {request_id}")
        raise typer.Exit(1)
    text = max((found[0].system, found[0].first_user, found[0].last_user), key=len)
    if not text:
        raise PromptprintError(f"the index keeps no text of {request_id}: search for the text itself")
    return text
