"""All nodes: register, change, reach. The door to ``cluster`` for the rest of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.bundle import Bundle
from lepton_desktop.engine.cluster.hostkeys import Documents, Pins
from lepton_desktop.engine.cluster.keeper import Keeper
from lepton_desktop.engine.cluster.records import (
    THIS_COMPUTER,
    NodeRecord,
    delete_record,
    load_records,
    save_record,
)
from lepton_desktop.engine.cluster.route import route_of, shown_address
from lepton_desktop.engine.cluster.surroundings import FleetListener, Surroundings
from lepton_desktop.engine.cluster.telemetry import Ring
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, Settings, read_settings
from lepton_desktop.specs import NodeSpec, load
from lepton_desktop.wire.desk import LinkState, NodeRow
from lepton_desktop.wire.node import AgentHello, PythonEnvironment

_REACH_FIELDS = ("host", "port", "user", "key", "jump", "home")


class Fleet:
    """One keeper a node. Use it from the event loop's thread only.

    200 nodes cost 200 tasks and one paramiko thread for each SSH hop that is up; see ``ssh`` and
    ``threads`` for what comes on top of it for moments.
    """

    def __init__(
        self,
        paths: Paths,
        documents: Documents,
        board: ChangeBoard,
        log: Callable[[str, str, str, str], None],
    ) -> None:
        self._paths = paths
        self._documents = documents
        self._log = log
        self._around = Surroundings(paths.local_node, Pins(documents), board, log)
        self._keepers: dict[str, Keeper] = {}

    async def start(self) -> None:
        """Load the nodes and begin to link all of them at once; a bad one shows in its row."""
        try:
            settings = read_settings(self._paths)
        except LeptonError:
            settings = Settings()  # whoever reads the settings for their own sake reports it
        self._around.interval_seconds = settings.telemetry_interval_seconds
        for record in load_records(self._documents):
            self._keep(record)

    async def close(self) -> None:
        """Hang up everywhere; jobs go on, and so does what is known of them."""
        self._around.listeners.clear()
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers.values()))
        self._keepers.clear()

    def listen(self, listener: FleetListener) -> None:
        """Be told of links and jobs."""
        self._around.listeners.append(listener)

    def rows(self) -> list[NodeRow]:
        """All nodes, this computer first, then by name."""
        names = sorted(self._keepers, key=lambda name: (name != THIS_COMPUTER, name))
        return [self._keepers[name].row() for name in names]

    def row(self, name: str) -> NodeRow:
        """One node.

        Raises:
            LeptonError: Code ``node_unknown``.
        """
        return self._keeper(name).row()

    def spec(self, name: str) -> NodeSpec:
        """How it is reached.

        Raises:
            LeptonError: Code ``node_unknown``.
        """
        return self._keeper(name).record.spec

    def hello(self, name: str) -> AgentHello | None:
        """What its agent said last, also while the link is down.

        Raises:
            LeptonError: Code ``node_unknown``.
        """
        return self._keeper(name).seen.hello

    def ring(self, name: str) -> Ring:
        """Its telemetry.

        Raises:
            LeptonError: Code ``node_unknown``.
        """
        return self._keeper(name).ring

    def rings(self) -> list[Ring]:
        """The telemetry of all nodes."""
        return [keeper.ring for keeper in self._keepers.values()]

    async def call(
        self, name: str, method: str, params: dict[str, Any], timeout_seconds: float = 30.0
    ) -> Any:  # noqa: ANN401 - JSON
        """Ask a node's agent; the raw result.

        Raises:
            LeptonError: Code ``link_down`` when the node is not UP, ``timeout``, or the agent's.
        """
        return await self._keeper(name).call(method, params, timeout_seconds)

    async def push_bundle(self, name: str, bundle: Bundle) -> str:
        """Bring a bundle to a node, once a link; the answer is the absolute path of its place.

        Raises:
            LeptonError: The node is not UP, or it cannot take the bundle.
        """
        return await self._keeper(name).push(bundle)

    async def put(self, name: str, path: str, data: bytes) -> None:
        """Write a file atomically; absolute or relative to the node home.

        Raises:
            LeptonError: The node is not UP, or it cannot take the file.
        """
        await self._keeper(name).put(path, data)

    async def get(self, name: str, path: str, target: Path) -> None:
        """Copy a file from a node, atomically at the target.

        Raises:
            LeptonError: The node is not UP, or it has no such file.
        """
        await self._keeper(name).get(path, target)

    async def environments(self, name: str, refresh: bool) -> list[PythonEnvironment]:
        """The Pythons of a node.

        Raises:
            LeptonError: A refresh was asked for and the node is not UP.
        """
        keeper = self._keeper(name)
        return await keeper.refresh_environments() if refresh else keeper.seen.environments

    def add(
        self,
        spec: NodeSpec,
        password: str | None = None,
        passphrase: str | None = None,
        accept_key: str = "",
    ) -> NodeRow:
        """Register a node and begin to link it; the answer comes before it is reached.

        Raises:
            LeptonError: The name is taken, or the spec cannot be used.
        """
        if spec.name in self._keepers:
            raise LeptonError(
                f"There is a node named {spec.name} already.",
                "Choose another name, or edit that node.",
                code="node_exists",
            )
        _check_reachable(spec)
        record = NodeRecord(spec, accept_key=accept_key)
        save_record(self._documents, record)
        self._log("Node added", spec.name, shown_address(spec), "info")
        keeper = self._keep(record, start=False)
        keeper.login = replace(keeper.login, password=password, passphrase=passphrase)
        keeper.start()
        return keeper.row()

    def edit(self, name: str, changes: dict[str, Any]) -> NodeRow:
        """Change fields of a spec; the link is made anew when the way to the node changed.

        Raises:
            LeptonError: A field is unknown or out of its limits, or the node is unknown.
        """
        keeper = self._keeper(name)
        old = keeper.record.spec
        if changes.get("name", name) != name:
            raise LeptonError(
                "A node keeps its name.",
                "Remove it and add it under the new name; jobs are not touched by that.",
                code="spec",
            )
        spec = load(NodeSpec, {**asdict(old), **changes})
        if old.is_local != spec.is_local:
            raise LeptonError(
                f"{name} needs a host." if spec.is_local else f"{name} is this computer.",
                "Add another node instead.",
                code="spec",
            )
        if not spec.is_local:
            _check_reachable(spec)
        self._change(keeper, replace(keeper.record, spec=spec), _reach_changed(old, spec))
        if old.python != spec.python and keeper.status.state is LinkState.UP:
            keeper.retry(reconnect=True)  # asks for the environments again
        self._log("Node changed", name, ", ".join(sorted(changes)), "info")
        return keeper.row()

    async def remove(self, name: str) -> NodeSpec:
        """Forget a node; the spec restores it. Its jobs go on.

        Raises:
            LeptonError: The node is unknown, or it is this computer.
        """
        keeper = self._keeper(name)
        if keeper.record.spec.is_local:
            raise LeptonError(
                "This computer is always a node.",
                "Drain it if no jobs should run here.",
                code="node_fixed",
            )
        del self._keepers[name]
        delete_record(self._documents, name)
        await keeper.stop()
        self._around.board.remove("nodes", name)
        self._log("Node removed", name, "", "info")
        return keeper.record.spec

    def drain(self, name: str, reason: str) -> NodeRow:
        """No new jobs; its own are finished.

        Raises:
            LeptonError: The node is unknown.
        """
        keeper = self._keeper(name)
        self._change(keeper, replace(keeper.record, drained=True, drain_reason=reason))
        self._log("Node drained", name, reason, "info")
        return keeper.row()

    def resume(self, name: str) -> NodeRow:
        """Jobs may start there again.

        Raises:
            LeptonError: The node is unknown.
        """
        keeper = self._keeper(name)
        self._change(keeper, replace(keeper.record, drained=False, drain_reason=""))
        self._log("Node resumed", name, "", "info")
        return keeper.row()

    def trust(self, name: str, fingerprint: str) -> NodeRow:
        """Pin the key that the node (or its jump host) showed, if it is still that one.

        Raises:
            LeptonError: No key is waiting for an answer, or it is another one.
        """
        keeper = self._keeper(name)
        waiting = keeper.seen.offered
        if waiting is None or waiting.offered.fingerprint != fingerprint:
            raise LeptonError(
                f"{name} does not show the key {reasons.plain_text(fingerprint, 80)} now.",
                "Look at the node's row again; the key it shows is there.",
                code="host_key_other",
            )
        self._around.pins.pin(waiting.address, waiting.offered)
        self._log("Host key trusted", name, f"{waiting.address} {fingerprint}", "info")
        keeper.retry()
        return keeper.row()

    def log_in(self, name: str, password: str | None, passphrase: str | None) -> NodeRow:
        """Use these secrets until the engine ends, and try now.

        Raises:
            LeptonError: The node is unknown.
        """
        keeper = self._keeper(name)
        login = keeper.login
        keeper.login = replace(
            login,
            password=login.password if password is None else password,
            passphrase=login.passphrase if passphrase is None else passphrase,
        )
        self._log("Login given", name, "kept in memory only", "info")
        keeper.retry()
        return keeper.row()

    def reconnect(self, name: str) -> NodeRow:
        """Try now; a link that is up is made anew.

        Raises:
            LeptonError: The node is unknown.
        """
        keeper = self._keeper(name)
        keeper.retry(reconnect=True)
        return keeper.row()

    def _keep(self, record: NodeRecord, start: bool = True) -> Keeper:
        keeper = Keeper(record, self._around)
        self._keepers[record.spec.name] = keeper
        if start:
            keeper.start()
        return keeper

    def _change(self, keeper: Keeper, record: NodeRecord, reconnect: bool = False) -> None:
        save_record(self._documents, record)
        keeper.change(record, reconnect)

    def _keeper(self, name: str) -> Keeper:
        keeper = self._keepers.get(name)
        if keeper is None:
            known = ", ".join(sorted(self._keepers)[:10])
            raise LeptonError(
                f"There is no node named {reasons.plain_text(name, 80)}.",
                f"Known nodes: {known}." if known else "",
                code="node_unknown",
            )
        return keeper


def _check_reachable(spec: NodeSpec) -> None:
    if spec.is_local:
        raise LeptonError(
            f"{spec.name} needs a host name or address.",
            f"This computer is there already, as {THIS_COMPUTER}.",
            code="spec",
        )
    route_of(spec)


def _reach_changed(old: NodeSpec, new: NodeSpec) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in _REACH_FIELDS)
