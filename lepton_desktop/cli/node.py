"""``leptonctl node``: register, list, change and remove nodes. Runs on the desk."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lepton_desktop.cli import node_state
from lepton_desktop.cli.node_text import connect_failed, node_table, node_text, wait_for_link
from lepton_desktop.cli.output import Json, note, result
from lepton_desktop.cli.passwords import ask_secret
from lepton_desktop.cli.session import attach, complete_node
from lepton_desktop.cli.spec_options import Given, spec_options
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec, load
from lepton_desktop.wire.desk import LinkState

Name = Annotated[
    str, typer.Argument(help="Name of the node.", autocompletion=complete_node, show_default=False)
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Wait until the node is connected or refused.")
]
NODE_FLAGS = {"tags": "--tag"}

app = typer.Typer(no_args_is_help=True, help="The machines that train.")


@app.command()
@spec_options(NodeSpec, skip=("name",), flags=NODE_FLAGS)
def add(  # noqa: PLR0913
    name: Annotated[str, typer.Argument(help="Name in the lab, unique.", show_default=False)],
    given: Given,
    accept_key: Annotated[
        str,
        typer.Option(help="Accept the host key with this SHA256:… fingerprint.", metavar="SHA256"),
    ] = "",
    password: Annotated[bool, typer.Option("--password", help="Ask for the password.")] = False,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Ask for the passphrase of the key.")
    ] = False,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Register a node and connect to it.

    A password or passphrase is asked for, or taken from LEPTON_PASSWORD and LEPTON_PASSPHRASE; it
    is never an argument, and the engine keeps it in memory only.
    """
    spec = load(NodeSpec, {"name": name, **given})
    secrets = {
        "password": ask_secret("Password", password, "LEPTON_PASSWORD"),
        "passphrase": ask_secret("Passphrase", passphrase, "LEPTON_PASSPHRASE"),
    }
    with attach() as client:
        row = client.add_node(spec, accept_key=accept_key or None, **secrets)
        if wait:
            row = wait_for_link(client, name)
    result(row, as_json, lambda: node_text(row))
    if wait and row.state is not LinkState.UP:
        raise connect_failed(row)


@app.command("list")
def list_nodes(as_json: Json = False) -> None:
    """List the nodes with their state and load."""
    with attach() as client:
        rows = client.nodes()
    result(rows, as_json, lambda: node_table(rows))


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """Show one node: state, hardware, Python environments."""
    with attach() as client:
        row = client.node(name)
    result(row, as_json, lambda: node_text(row))


@app.command()
@spec_options(NodeSpec, skip=("name",), flags=NODE_FLAGS)
def edit(name: Name, given: Given, as_json: Json = False) -> None:
    """Change how a node is reached or described; only the given options change."""
    if not given:
        raise LeptonError("Nothing to change was given.", "See: leptonctl node edit --help")
    changes: dict[str, Any] = given
    with attach() as client:
        row = client.edit_node(name, changes)
    result(row, as_json, lambda: node_text(row))


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Forget a node; what lies on it stays."""
    with attach() as client:
        spec = client.remove_node(name)
    result(spec, as_json, lambda: f"{spec.name} is removed.")


@app.command()
def trust(
    name: Name,
    fingerprint: Annotated[
        str, typer.Argument(help="SHA256:… of the key, as the node's owner told you.")
    ],
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Accept the host key that a node shows, if it is the one with this fingerprint."""
    with attach() as client:
        row = client.trust_node(name, fingerprint)
        if wait:
            row = wait_for_link(client, name)
    note(f"{name}: the host key {fingerprint} is pinned.")
    result(row, as_json, lambda: node_text(row))
    if wait and row.state is not LinkState.UP:
        raise connect_failed(row)


node_state.register(app)
