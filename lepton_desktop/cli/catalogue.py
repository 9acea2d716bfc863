"""``leptonctl env``, ``plugin`` and ``activity``: what the engine knows of. Runs on the desk."""

from __future__ import annotations

from typing import Annotated

import typer

from lepton_desktop.cli.output import Json, pairs, result, table, when
from lepton_desktop.cli.session import attach, complete_environment
from lepton_desktop.client.words import number_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import EnvironmentSpec, VariableSpec

environments = typer.Typer(no_args_is_help=True, help="What can be trained on.")
plugins = typer.Typer(no_args_is_help=True, help="Plug-ins.")


@environments.command("list")
def list_environments(as_json: Json = False) -> None:
    """List the environments that are known by name; others work by their gymnasium id."""
    with attach() as client:
        rows = client.environments()
    lines = [
        (
            row.id,
            row.title,
            row.actions,
            len(row.observation),
            number_text(row.reward_threshold),
            row.source,
        )
        for row in rows
    ]
    heads = ("ID", "TITLE", "ACTIONS", "OBSERVED", "SOLVED AT", "SOURCE")
    result(rows, as_json, lambda: table(heads, lines, "None."))


@environments.command()
def show(
    ident: Annotated[
        str, typer.Argument(metavar="ID", help="Its id.", autocompletion=complete_environment)
    ],
    as_json: Json = False,
) -> None:
    """Show an environment's variables: the names that reward formulas may use."""
    with attach() as client:
        known = {row.id: row for row in client.environments()}
    if ident not in known:
        raise LeptonError(
            f"No environment is known as '{ident}'.",
            "See them with: leptonctl env list",
            code="environment_unknown",
        )
    row = known[ident]
    result(row, as_json, lambda: _environment_text(row))


def _environment_text(row: EnvironmentSpec) -> str:
    head = pairs(
        {
            "environment": row.id,
            "title": row.title,
            "actions": row.actions,
            "solved at": number_text(row.reward_threshold) if row.reward_threshold else "",
            "longest episode": row.max_episode_steps,
            "source": row.source,
        }
    )
    return f"{head}\n\n{_variables('OBSERVATION', row.observation)}" + (
        f"\n\n{_variables('ACTION', row.action)}" if row.action else ""
    )


def _variables(title: str, rows: list[VariableSpec]) -> str:
    lines = [
        (row.name, row.meaning, row.unit, number_text(row.low), number_text(row.high))
        for row in rows
    ]
    return table((title, "MEANING", "UNIT", "LOW", "HIGH"), lines, f"{title}: no named variables.")


@plugins.command("list")
def list_plugins(as_json: Json = False) -> None:
    """List the plug-ins, broken ones with their error."""
    with attach() as client:
        rows = client.plugins()
    lines = [
        (
            row.get("id", ""),
            row.get("version", ""),
            ", ".join(sorted(row.get("contributes") or {})),
            row.get("problem") or "ok",
            row.get("folder", ""),
        )
        for row in rows
    ]
    heads = ("ID", "VERSION", "ADDS", "STATE", "FOLDER")
    result(rows, as_json, lambda: table(heads, lines, "No plug-ins."))


def activity(
    limit: Annotated[int, typer.Option(help="How many lines.", min=1)] = 50, as_json: Json = False
) -> None:
    """Show who did what, where and when, newest last."""
    with attach() as client:
        rows = sorted(client.activity(limit), key=lambda row: row.id)
    lines = [(when(row.time), row.level, row.who, row.what, row.where, row.detail) for row in rows]
    heads = ("TIME", "LEVEL", "WHO", "WHAT", "WHERE", "DETAIL")
    result(rows, as_json, lambda: table(heads, lines, "Nothing yet."))
