"""``leptonctl reward``: the library of reward functions. Runs on the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lepton_desktop.cli.files import read_table
from lepton_desktop.cli.output import Json, note, pairs, result, table
from lepton_desktop.cli.session import attach, complete_reward
from lepton_desktop.cli.toml_text import to_toml
from lepton_desktop.client import EngineClient
from lepton_desktop.client.words import clean, number_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import RewardSpec, load
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Problem, RewardRow

Name = Annotated[str, typer.Argument(help="Name in the library.", autocompletion=complete_reward)]
NameOrFile = Annotated[
    str,
    typer.Argument(help="Name in the library, or a TOML file.", autocompletion=complete_reward),
]
app = typer.Typer(no_args_is_help=True, help="Reward functions.")


def reward_from(client: EngineClient, name_or_file: str) -> RewardSpec:
    """A reward function from a file, or from the library by name."""
    file = Path(name_or_file)
    if file.suffix in (".toml", ".json"):
        return load(RewardSpec, read_table(file))
    return load(RewardSpec, client.reward(name_or_file).spec)


@app.command("list")
def list_rewards(as_json: Json = False) -> None:
    """List the reward functions."""
    with attach() as client:
        rows = client.rewards()
    lines = [
        (
            row.name,
            row.environment,
            row.version,
            row.source,
            ", ".join(term.get("name", "") for term in row.spec.get("terms", [])),
        )
        for row in rows
    ]
    heads = ("NAME", "ENVIRONMENT", "VERSION", "SOURCE", "TERMS")
    result(rows, as_json, lambda: table(heads, lines, "No reward functions."))


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show the terms of a reward function."""
    with attach() as client:
        row = client.reward(name)
    result(row, as_json, lambda: _text(row))


@app.command()
def check(name: NameOrFile, as_json: Json = False) -> None:
    """Check every formula; exit code 1 when there is an error."""
    with attach() as client:
        problems = client.check_reward(reward_from(client, name))
    result(problems, as_json, lambda: problems_text(problems) or "No problems.")
    if any(problem.level == "error" for problem in problems):
        raise typer.Exit(1)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="TOML or JSON file.")], as_json: Json = False
) -> None:
    """Check a file and put it into the library, in place of the one of the same name."""
    spec = load(RewardSpec, read_table(file))
    with attach() as client:
        problems = client.check_reward(spec)
        note(problems_text(problems)) if problems else None
        if any(problem.level == "error" for problem in problems):
            raise LeptonError(f"{file} is not imported.", "Mend what is named above.")
        row = client.save_reward(spec)
    result(row, as_json, lambda: _text(row))


@app.command()
def export(
    name: Name,
    file: Annotated[
        Path | None, typer.Argument(help="Where to write it; stdout without one.")
    ] = None,
) -> None:
    """Write a reward function as TOML."""
    with attach() as client:
        text = to_toml(dump(load(RewardSpec, client.reward(name).spec)))
    if file is None:
        print(text, end="")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LeptonError(f"{file} cannot be written: {error.strerror}.", code="file") from None
    note(f"{name} is written to {file}.")


def problems_text(problems: list[Problem]) -> str:
    """One finding a line, with its hint below."""
    lines = []
    for item in problems:
        column = "" if item.column is None else f", column {item.column + 1}"
        lines.append(f"{item.level}: {clean(item.where)}{column}: {clean(item.message)}")
        if item.hint:
            lines.append(f"  {clean(item.hint)}")
    return "\n".join(lines)


def _text(row: RewardRow) -> str:
    spec = load(RewardSpec, row.spec)
    head = pairs(
        {
            "reward": row.name,
            "environment": row.environment,
            "version": row.version,
            "source": row.source,
            "description": spec.description,
        }
    )
    lines = [
        (
            term.name,
            term.kind,
            number_text(term.weight) if term.enabled else "off",
            term.function or term.formula,
            ", ".join(f"{name}={number_text(value)}" for name, value in term.parameters.items()),
            "" if term.clip is None else " to ".join(number_text(bound) for bound in term.clip),
        )
        for term in spec.terms
    ]
    heads = ("TERM", "KIND", "WEIGHT", "FORMULA", "PARAMETERS", "CLIP")
    return f"{head}\n\n{table(heads, lines, 'No terms.')}"
