"""`promptprint show`: one campaign, account or request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, streams

if TYPE_CHECKING:
    from campaigns.report import Campaign, CampaignReport
    from cli.pseudonyms import Pseudonyms
    from indexes.snapshot import Snapshot

Name = Annotated[str, typer.Argument(metavar="ID", help="A campaign (c-…), a request or an account.")]


def show(
    name: Name, index: options.Index, key: options.Pseudonyms = None, as_json: options.Json = False
) -> None:
    """Show one campaign, account or request.

    Exits with 1 when the index holds nothing of that name.
    """
    from campaigns.kept import report_of
    from cli.progress import reporter
    from cli.pseudonyms import Pseudonyms
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    pseudonyms = Pseudonyms.of(key, index)
    snapshot = Snapshot(Workspace.open(index))
    with reporter() as progress:
        report = report_of(snapshot, progress=progress)
    shown = (
        _campaign(name, pseudonyms.instead(report), as_json)
        or _request(name, snapshot, report, pseudonyms, as_json)
        or _account(name, snapshot, report, pseudonyms, as_json)
    )
    if not shown:
        streams.talk(f"promptprint: no campaign, request or account is called {name}")
        raise typer.Exit(1)


def _campaign(name: str, report: CampaignReport, as_json: bool) -> bool:
    from cli.render.campaign import campaign as render

    found = next((c for c in report.campaigns if c.id == name), None)
    if found is None:
        return False
    if as_json:
        _write("campaign", campaign=found)
    else:
        render(found, streams.console(), limits=report.limits)
    return True


def _request(
    name: str, snapshot: Snapshot, report: CampaignReport, pseudonyms: Pseudonyms, as_json: bool
) -> bool:
    from cli.render.entities import request as render
    from indexes import lookup

    found = pseudonyms.instead(lookup.requests(snapshot, name))
    holding = [c for c in report.campaigns if name in c.requests]
    if found and as_json:
        _write("request", requests=found, campaigns=[_brief(c) for c in holding])
    elif found:
        console = streams.console()
        if len(found) > 1:
            console.print(f"the log uses this id {len(found)} times\n")
        for request in found:
            render(request, holding, console)
    return bool(found)


def _account(
    name: str, snapshot: Snapshot, report: CampaignReport, pseudonyms: Pseudonyms, as_json: bool
) -> bool:
    from cli.render.entities import account as render
    from indexes import lookup

    name = pseudonyms.account(name, snapshot)
    found = pseudonyms.instead(lookup.account(snapshot, name))
    if found is None:
        return False
    holding = [c for c in report.campaigns if name in c.accounts]
    if as_json:
        _write("account", account=found, campaigns=[_brief(c) for c in holding])
    else:
        render(found, holding, streams.console())
    return True


def _write(kind: str, **parts: object) -> None:
    import msgspec

    streams.write_json(msgspec.json.encode({"schema_version": 1, "kind": kind, **parts}))


def _brief(found: Campaign) -> dict[str, object]:
    """Return enough of a campaign to find it."""
    return {"id": found.id, "score": found.score, "alert": found.alert, "template": found.template}
