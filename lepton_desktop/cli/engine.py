"""``leptonctl engine``: start, stop, look at and reach the engine. Runs on the desk."""

from __future__ import annotations

import os
import sys
import time

import typer

from lepton_desktop.cli.dial import bridge
from lepton_desktop.cli.output import Json, note, pairs, result, when
from lepton_desktop.cli.session import attach
from lepton_desktop.client import find_engine
from lepton_desktop.client.process import is_alive, not_running, start_engine
from lepton_desktop.client.words import bytes_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import PACKAGE, paths
from lepton_desktop.wire.desk import EngineStatus

STOP_SECONDS = 20.0

app = typer.Typer(no_args_is_help=True, help="The engine: the program that talks to the nodes.")


@app.command()
def start(as_json: Json = False) -> None:
    """Start the engine in the background; harmless when it runs."""
    with attach() as client:
        _show(client.status(), as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Say whether the engine runs; exit code 1 when it does not."""
    with attach(start=False) as client:
        _show(client.status(), as_json)


@app.command()
def stop() -> None:
    """End the engine; jobs on the nodes go on and are found again at the next start."""
    address = find_engine(paths())
    if address is None:
        note("No engine runs.")
        return
    with attach(start=False) as client:
        client.stop_engine()
    deadline = time.monotonic() + STOP_SECONDS
    while is_alive(address.pid):
        if time.monotonic() > deadline:
            raise LeptonError(
                f"The engine (pid {address.pid}) still runs after {STOP_SECONDS:.0f} s.",
                f"Look at {paths().log_file}; kill it when nothing moves there.",
                code="engine_stop",
            )
        time.sleep(0.05)
    note("The engine ended; jobs on the nodes go on.")


@app.command("run")
def run_here() -> None:
    """Run the engine in this terminal until it is stopped, for a service or to look into."""
    where = paths().make()
    path = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    command = [sys.executable, "-m", "lepton_desktop.engine", "--home", str(where.home)]
    os.execv(sys.executable, command)


@app.command()
def dial() -> None:
    """Speak the engine's wire on stdin and stdout, for: ssh HOST leptonctl engine dial."""
    where = paths()
    start_engine(where, note)
    address = find_engine(where)
    if address is None:
        raise not_running(where)
    bridge(address, sys.stdin.fileno(), sys.stdout.fileno())


def _show(row: EngineStatus, as_json: bool) -> None:
    result(
        row,
        as_json,
        lambda: pairs(
            {
                "engine": f"version {row.version}, pid {row.pid}",
                "running since": when(row.started),
                "home": row.home,
                "nodes": f"{row.nodes}, {row.links_up} connected",
                "active runs": row.runs_active,
                "store": bytes_text(row.store_bytes),
            }
        ),
    )
