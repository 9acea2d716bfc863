"""A fleet on real parts for tests: the real store, the real board, a list as activity log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.cluster.fleet import Fleet
from lepton_desktop.engine.store import Store
from lepton_desktop.settings import Paths
from lepton_desktop.wire.desk import LinkState, NodeRow
from lepton_desktop.wire.node import JobLines, JobStatus


class Lab:
    """What a test looks at."""

    def __init__(self, fleet: Fleet, board: ChangeBoard) -> None:
        self.fleet = fleet
        self.board = board
        self.activity: list[tuple[str, str, str, str]] = []

    async def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait for a condition; on timeout the rows say where things stand."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                shown = [(row.name, row.state, row.step, row.reason) for row in self.fleet.rows()]
                raise AssertionError(f"not within {seconds} s: {shown}")
            await asyncio.sleep(0.02)

    async def state(self, name: str, state: LinkState, seconds: float = 20.0) -> NodeRow:
        """Wait until a node is in a state."""
        await self.until(lambda: self.fleet.row(name).state is state, seconds)
        return self.fleet.row(name)

    async def up(self, name: str, seconds: float = 30.0) -> NodeRow:
        """Wait until a node is UP."""
        return await self.state(name, LinkState.UP, seconds)

    async def blocked(self, name: str) -> NodeRow:
        """Wait until a node needs the operator."""
        return await self.state(name, LinkState.BLOCKED)

    def shown(self, name: str) -> NodeRow:
        """The row that clients have."""
        changes = self.board.collect(0, ["nodes"])
        assert changes is not None
        return next(row for row in changes.nodes if row.name == name)


class Listener:
    """Writes down what a fleet tells."""

    def __init__(self) -> None:
        self.links: list[tuple[str, str]] = []
        self.lines: list[JobLines] = []
        self.statuses: list[JobStatus] = []

    async def link_up(self, node: str) -> None:
        self.links.append((node, "up"))

    async def link_lost(self, node: str, reason: str) -> None:
        self.links.append((node, "lost"))

    async def job_lines(self, node: str, lines: JobLines) -> None:
        self.lines.append(lines)

    async def job_status(self, node: str, status: JobStatus) -> None:
        self.statuses.append(status)


@asynccontextmanager
async def running_fleet(home: Path, listener: Listener | None = None) -> AsyncIterator[Lab]:
    """A fleet over a store in ``home``; opened twice it finds what was stored."""
    paths = Paths(home).make()
    store, board = Store(paths.store_file), ChangeBoard()
    activity: list[tuple[str, str, str, str]] = []
    fleet = Fleet(paths, store, board, lambda *line: activity.append(line))
    lab = Lab(fleet, board)
    lab.activity = activity
    if listener is not None:
        fleet.listen(listener)
    try:
        await fleet.start()
        yield lab
    finally:
        await fleet.close()
        store.close()
