"""``leptonctl node``: test, log in, drain, resume, look at processes. Runs on the desk."""

from __future__ import annotations

from typing import Annotated

import typer

from lepton_desktop.cli.node_text import (
    check_table,
    connect_failed,
    node_text,
    process_table,
    wait_for_link,
)
from lepton_desktop.cli.output import Json, result
from lepton_desktop.cli.passwords import ask_secret
from lepton_desktop.cli.session import attach, complete_node
from lepton_desktop.wire.desk import LinkState

Name = Annotated[
    str, typer.Argument(help="Name of the node.", autocompletion=complete_node, show_default=False)
]


def check(name: Name, as_json: Json = False) -> None:
    """Check one node: link, Python, disk, clock; exit code 1 when something is wrong."""
    with attach() as client:
        wait_for_link(client, name)
        checks = client.check_nodes(name)
    result(checks, as_json, lambda: check_table(checks))
    if any(check.level == "error" for check in checks):
        raise typer.Exit(1)


def login(name: Name, as_json: Json = False) -> None:
    """Give the password (asked for, stdin or LEPTON_PASSWORD) of a node that wants one."""
    passphrase = ask_secret("Passphrase", False, "LEPTON_PASSPHRASE")
    password = ask_secret("Password", passphrase is None, "LEPTON_PASSWORD")
    with attach() as client:
        client.login_node(name, password=password, passphrase=passphrase)
        row = wait_for_link(client, name)
    result(row, as_json, lambda: node_text(row))
    if row.state is not LinkState.UP:
        raise connect_failed(row)


def reconnect(name: Name, as_json: Json = False) -> None:
    """Try the link now instead of waiting for the next attempt."""
    with attach() as client:
        client.reconnect_node(name)
        row = wait_for_link(client, name)
    result(row, as_json, lambda: node_text(row))
    if row.state is not LinkState.UP:
        raise connect_failed(row)


def drain(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, shown to everybody.")] = "",
    as_json: Json = False,
) -> None:
    """Take no new jobs on a node; it finishes its own."""
    with attach() as client:
        row = client.drain_node(name, reason)
    result(row, as_json, lambda: f"{name} takes no new jobs.")


def resume(name: Name, as_json: Json = False) -> None:
    """End a drain."""
    with attach() as client:
        row = client.resume_node(name)
    result(row, as_json, lambda: f"{name} takes jobs again.")


def processes(name: Name, as_json: Json = False) -> None:
    """List the processes of a node, busiest first."""
    with attach() as client:
        rows = client.processes(name)
    result(rows, as_json, lambda: process_table(rows))


def register(app: typer.Typer) -> None:
    """Put the commands of this module into ``leptonctl node``."""
    app.command("test")(check)
    for command in (login, reconnect, drain, resume, processes):
        app.command()(command)
