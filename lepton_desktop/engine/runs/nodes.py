"""What runs need of the fleet; the cluster package provides it. Runs in the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from lepton_desktop.engine.cluster.bundle import Bundle
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.desk import NodeRow
from lepton_desktop.wire.node import AgentHello

LINK_DOWN = ("link_down", "timeout", "node_unknown")
"""Codes of calls that did not reach the node, so nothing is known of their effect."""


class Nodes(Protocol):
    """Registered nodes by name."""

    def row(self, name: str) -> NodeRow:
        """What clients see; raises ``node_unknown``."""

    def spec(self, name: str) -> NodeSpec:
        """How to reach it."""

    def hello(self, name: str) -> AgentHello | None:
        """What its agent said of itself; None before there was one."""

    async def call(
        self, name: str, method: str, params: dict[str, Any], timeout_seconds: float = 30.0
    ) -> Any:  # noqa: ANN401
        """One of AGENT_METHODS; raises ``link_down`` when the node is not up."""

    async def push_bundle(self, name: str, bundle: Bundle) -> str:
        """Absolute folder of the bundle on the node."""

    async def get(self, name: str, path: str, target: Path) -> None:
        """Copy a file off the node."""
