"""``leptonctl run logs|metrics|events``: what a run wrote. Runs on the desk."""

from __future__ import annotations

from typing import Annotated

import typer

from lepton_desktop.cli.output import Json, result, table, when
from lepton_desktop.cli.session import attach, complete_run
from lepton_desktop.client.words import clean, number_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import LogText, Series

RunId = Annotated[
    str, typer.Argument(help="Run: id, unique prefix or name.", autocompletion=complete_run)
]


def logs(
    run_id: RunId,
    node: Annotated[str, typer.Option(help="Only this node's jobs.")] = "",
    job: Annotated[str, typer.Option(help="Only this job.")] = "",
    lines: Annotated[int, typer.Option(help="Lines of each job.", min=1)] = 50,
    as_json: Json = False,
) -> None:
    """Show the end of the output of every job."""
    with attach() as client:
        found = client.logs(run_id, job or None, limit=min(4_000_000, lines * 400))
    chosen = [log for log in found if not node or log.node == node]
    if not chosen:
        raise LeptonError(
            "No job of this run has output there.", "See its jobs with: leptonctl run show RUN"
        )
    result(chosen, as_json, lambda: "\n".join(_log_text(log, lines) for log in chosen))


def _log_text(log: LogText, lines: int) -> str:
    tail = log.text.splitlines()[-lines:]
    return "\n".join([f"==> {log.node} {log.job_id} <==", *(clean(line, "\t") for line in tail)])


def metrics(
    run_id: RunId,
    keys: Annotated[
        list[str] | None, typer.Argument(help="Metric keys, such as rollout/return_mean; all.")
    ] = None,
    width: Annotated[
        int, typer.Option(help="Points a series is thinned to; 0: every one.", min=0)
    ] = 0,
    points: Annotated[bool, typer.Option("--points", help="Print every point as CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Show the newest value and the range of each metric, or its points."""
    with attach() as client:
        series = client.metrics(run_id, keys or [], width)
    result(series, as_json, lambda: _csv(series) if points else _summary(series))


def _summary(series: list[Series]) -> str:
    lines = []
    for item in sorted(series, key=lambda item: item.key):
        known = [value for value in item.y if value is not None]
        newest = known[-1] if known else None
        lines.append(
            (
                item.key,
                number_text(newest),
                number_text(min(known, default=None)),
                number_text(max(known, default=None)),
                item.count,
            )
        )
    return table(("METRIC", "NEWEST", "LOWEST", "HIGHEST", "POINTS"), lines, "No metrics yet.")


def _csv(series: list[Series]) -> str:
    lines = ["key,step,time,value"]
    for item in series:
        times: list[float | None] = [*item.time] or [None] * len(item.x)
        lines += [
            f"{item.key},{x:.0f},{'' if moment is None else repr(moment)},"
            f"{'' if value is None else repr(value)}"
            for x, moment, value in zip(item.x, times, item.y, strict=True)
        ]
    return "\n".join(lines)


def events(run_id: RunId, as_json: Json = False) -> None:
    """Show what happened in a run: checkpoints, notices, errors."""
    with attach() as client:
        rows = client.events(run_id)
    lines = [
        (when(row.get("t")), row.get("kind", ""), row.get("step", ""), row.get("text", ""))
        for row in rows
    ]
    result(rows, as_json, lambda: table(("TIME", "KIND", "STEP", "TEXT"), lines, "None yet."))


def register(app: typer.Typer) -> None:
    """Put the commands of this module into ``leptonctl run``."""
    for command in (logs, metrics, events):
        app.command()(command)
