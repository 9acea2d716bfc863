"""What all keepers share, and who listens to them. Runs in the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.cluster.hostkeys import Pins
from lepton_desktop.wire.node import JobLines, JobStatus


class FleetListener(Protocol):
    """Who follows jobs; implemented by the part of the engine that runs them."""

    async def link_up(self, node: str) -> None:
        """Follow jobs again from the stored offsets."""

    async def link_lost(self, node: str, reason: str) -> None:
        """Jobs may go on; nothing is heard of them for now."""

    async def job_lines(self, node: str, lines: JobLines) -> None:
        """Awaited before the next is handed over; must not call the same node."""

    async def job_status(self, node: str, status: JobStatus) -> None:
        """In order with the lines."""


@dataclass
class Surroundings:
    """What all keepers share."""

    local_home: Path
    pins: Pins
    board: ChangeBoard
    log: Callable[[str, str, str, str], None]
    interval_seconds: float = 1.0
    listeners: list[FleetListener] = field(default_factory=list)
