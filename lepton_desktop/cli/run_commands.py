"""``leptonctl run``: start, list, show, stop trainings. Runs on the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lepton_desktop.cli import run_results
from lepton_desktop.cli.output import Json, note, result
from lepton_desktop.cli.run_spec import make_run_spec
from lepton_desktop.cli.run_text import follow, plan_text, run_table, run_text
from lepton_desktop.cli.session import attach, complete_reward, complete_run
from lepton_desktop.cli.spec_options import Given, spec_options
from lepton_desktop.client import EngineClient
from lepton_desktop.specs import RunSpec
from lepton_desktop.wire.desk import RunRow
from lepton_desktop.wire.node import State

RunId = Annotated[
    str, typer.Argument(help="Run: id, unique prefix or name.", autocompletion=complete_run)
]
Follow = Annotated[
    bool, typer.Option("--follow", help="Show progress until the end; exit code 1 when it fails.")
]
RUN_FLAGS = {
    "environment": "--env",
    "processes_per_node": "--workers",
    "total_steps": "--steps",
}

app = typer.Typer(no_args_is_help=True, help="Trainings.")


@app.command()
@spec_options(RunSpec, flags=RUN_FLAGS)
def start(  # noqa: PLR0913
    given: Given,
    file: Annotated[
        Path | None, typer.Argument(metavar="[SPEC.toml]", help="File with the fields of a run.")
    ] = None,
    reward: Annotated[
        str,
        typer.Option(
            help="Reward function: name in the library or TOML file.",
            autocompletion=complete_reward,
        ),
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Option of the algorithm; repeatable."),
    ] = None,
    following: Follow = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact commands per node, start nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start a training from a file, from options, or both (options win)."""
    with attach() as client:
        spec = make_run_spec(client, file, given, reward, settings or [])
        if dry_run:
            plan = client.plan(spec)
            result(plan, as_json, lambda: plan_text(plan))
            return
        _finish(client, client.start_run(spec), following, as_json)


@app.command()
def rerun(run_id: RunId, following: Follow = False, as_json: Json = False) -> None:
    """Start the same configuration again."""
    with attach() as client:
        _finish(client, client.rerun(run_id), following, as_json)


@app.command("list")
def list_runs(as_json: Json = False) -> None:
    """List the runs."""
    with attach() as client:
        rows = client.runs()
    result(rows, as_json, lambda: run_table(rows))


@app.command()
def show(run_id: RunId, following: Follow = False, as_json: Json = False) -> None:
    """Show one run and its jobs."""
    with attach() as client:
        _finish(client, client.run(run_id), following, as_json)


@app.command()
def stop(
    run_id: RunId,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until every process is verified gone.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Stop a run on every node."""
    with attach() as client:
        row = client.stop_run(run_id)
        if wait:
            row = follow(client, row.run_id)
    result(row, as_json, lambda: run_text(row))
    if wait and row.state is State.FAILED:
        raise typer.Exit(1)


@app.command()
def remove(run_id: RunId) -> None:
    """Forget a finished run."""
    with attach() as client:
        client.remove_run(run_id)
    note(f"{run_id} is removed.")


def _finish(client: EngineClient, row: RunRow, following: bool, as_json: bool) -> None:
    if following:
        row = follow(client, row.run_id)
    result(row, as_json, lambda: run_text(row))
    if following and row.state is not State.SUCCEEDED:
        raise typer.Exit(1)


run_results.register(app)
