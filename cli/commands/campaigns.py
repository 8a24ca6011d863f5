"""`promptprint campaigns`: the report."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options, streams

Members = Annotated[bool, typer.Option("--members", help="With --json: list every account and request.")]
All = Annotated[bool, typer.Option("--all", help="Show the candidates below the threshold too.")]


def campaigns(
    index: options.Index,
    threshold: options.Threshold = 0.5,
    members: Members = False,
    every: All = False,
    engine: options.Engine = "local",
    master: options.Master = None,
    key: options.Pseudonyms = None,
    as_json: options.Json = False,
) -> None:
    """List the campaigns that an index holds, the surest first.

    Exits with 1 when none reaches the threshold.
    """
    if members and not as_json:
        raise typer.BadParameter("--members lists them in the JSON document: add --json")
    options.check_master(engine, master)
    from campaigns.kept import report_of
    from campaigns.report import encode
    from cli.progress import reporter
    from cli.pseudonyms import Pseudonyms
    from cli.render import report as render
    from indexes.snapshot import Snapshot
    from indexes.workspace import Workspace

    pseudonyms = Pseudonyms.of(key, index)
    snapshot = Snapshot(Workspace.open(index))
    with reporter() as progress:
        if engine == "spark":
            from cluster.session import session

            with session(master) as spark:
                from cluster.report import report_by

                report = report_by(spark, snapshot, threshold=threshold, progress=progress)
        else:
            report = report_of(snapshot, threshold=threshold, progress=progress)
        report = pseudonyms.instead(report)
    if as_json:
        streams.write_json(encode(report if members else report.without_members()))
    else:
        render.report(report, streams.console(), every=every)
    if not report.alerts:
        raise typer.Exit(1)
