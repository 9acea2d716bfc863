"""``leptonctl doctor``: what is missing on this machine and on each node, and how to mend it."""

from __future__ import annotations

import typer

from lepton_desktop.cli.machine import check_machine
from lepton_desktop.cli.node_text import check_table
from lepton_desktop.cli.output import Json, result
from lepton_desktop.client import EngineClient, find_engine
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, paths
from lepton_desktop.wire.desk import Check


def doctor(as_json: Json = False) -> None:
    """Check this computer, the engine and every node; exit code 1 when something is wrong."""
    where = paths()
    checks = [*check_machine(where), *_check_engine(where)]
    result(checks, as_json, lambda: check_table(checks))
    if any(check.level == "error" for check in checks):
        raise typer.Exit(1)


def _check_engine(where: Paths) -> list[Check]:
    if find_engine(where) is None:
        return [
            Check(
                "engine",
                "warning",
                "It does not run, so the nodes were not checked.",
                "Start it with: leptonctl engine start",
            )
        ]
    try:
        with EngineClient.connect(start=False) as client:
            status = client.status()
            found = [Check("engine", "ok", f"version {status.version}, pid {status.pid}")]
            if client.version_problem:
                found = [Check("engine", "warning", client.version_problem)]
            return found + client.check_nodes()
    except LeptonError as error:
        return [Check("engine", "error", error.message, error.hint)]
