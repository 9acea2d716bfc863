"""Starts a training under torchrun: code pushed, port found, jobs begun. Runs in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

from lepton_desktop.engine.changes import ChangeBoard, new_task_id
from lepton_desktop.engine.cluster.bundle import Bundle, plugin_bundle, runtime_bundle
from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.follower import Follower
from lepton_desktop.engine.runs.network import meeting
from lepton_desktop.engine.runs.nodes import Nodes
from lepton_desktop.engine.runs.placement import (
    Candidate,
    Seat,
    choose_devices,
    place,
    wanted_nodes,
)
from lepton_desktop.engine.runs.plan import Code, Layout, plan, train_jobs
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.runs.states import Asked
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import RunSpec
from lepton_desktop.wire.desk import Plan, TaskRow


class TorchrunLauncher:
    """The built-in launcher: torchrun on every node, started side by side."""

    def __init__(self, nodes: Nodes, book: RunBook, follower: Follower, board: ChangeBoard) -> None:
        self._nodes = nodes
        self._book = book
        self._follower = follower
        self._board = board

    async def plan(self, spec: RunSpec, plugins: dict[str, str]) -> Plan:
        """What a start would do now.

        Raises:
            LeptonError: The nodes cannot take the run.
        """
        bundles = await asyncio.to_thread(_bundles, plugins)
        return plan(spec, self._layout(spec, bundles))

    async def launch(self, run: Run) -> None:
        """Carry the plan out. Jobs are in the book before the first one is started.

        Raises:
            LeptonError: A node refused or was lost; some jobs may have begun.
        """
        task_id = new_task_id()
        try:
            await self._launch(run, task_id)
        finally:
            self._board.remove("tasks", task_id)

    async def _launch(self, run: Run, task_id: str) -> None:
        bundles = await asyncio.to_thread(_bundles, run.plugins)
        layout = self._layout(run.spec, bundles)
        self._tell(run, task_id, f"Copying the code to {', '.join(run.nodes)}")
        await _all(
            [self._nodes.push_bundle(name, one) for name in run.nodes for one in bundles.values()]
        )
        self._tell(run, task_id, "Looking for a free port")
        port = await self._port(layout.seats, layout.meeting.address)
        settled = plan(run.spec, layout, port)
        jobs = train_jobs(run, layout, settled, run.state.attempt)
        run.plan = settled
        self._book.save(run)
        self._book.add_jobs(run, jobs)
        self._tell(run, task_id, f"Starting {len(jobs)} jobs")
        await _all([self._start(run, job) for job in jobs])

    async def _start(self, run: Run, job: Job) -> None:
        self._book.change_job(run, job, Asked())
        await self._follower.start(run, job)

    async def _port(self, seats: Sequence[Seat], address: str) -> int:
        if sum(seat.ranks for seat in seats) == 1:
            return 0
        found = await self._nodes.call(seats[0].node, "port.find", {"address": address})
        return int(found["port"])

    def _layout(self, spec: RunSpec, bundles: dict[str, Bundle]) -> Layout:
        candidates = {
            name: Candidate(self._nodes.row(name), self._nodes.spec(name), self._nodes.hello(name))
            for name in wanted_nodes(spec)
        }
        seats = place(spec, candidates)
        plugins = {name: one.place for name, one in bundles.items() if name}
        code = Code(bundles[""].place, plugins)
        return Layout(seats, choose_devices(spec, seats), meeting(seats), code)

    def _tell(self, run: Run, task_id: str, step: str) -> None:
        title = f"Starting {run.spec.name}"
        self._board.publish("tasks", task_id, TaskRow(task_id, title, step, run_id=run.run_id))


def _bundles(plugins: dict[str, str]) -> dict[str, Bundle]:
    """By plug-in id; the runtime's own under the empty name."""
    packed = {name: plugin_bundle(Path(folder), name) for name, folder in plugins.items()}
    return {"": runtime_bundle(), **packed}


async def _all(work: Sequence[Awaitable[object]]) -> None:
    """Side by side to the end; then the first error that the operator can mend, or any other."""
    results = await asyncio.gather(*work, return_exceptions=True)
    errors = [one for one in results if isinstance(one, BaseException)]
    for error in sorted(errors, key=lambda one: not isinstance(one, LeptonError)):
        raise error
