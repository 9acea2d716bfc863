"""The methods runs.*: what clients ask of runs. Runs in the engine."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import shutil
import time
from collections.abc import Callable
from typing import Any

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.connection import Handler, caller
from lepton_desktop.engine.params import number, whole, words
from lepton_desktop.engine.rewards.library import Library
from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.checkpoints import Collector
from lepton_desktop.engine.runs.failures import plain
from lepton_desktop.engine.runs.follower import Follower
from lepton_desktop.engine.runs.gang import Gang, Yard
from lepton_desktop.engine.runs.launcher import TorchrunLauncher
from lepton_desktop.engine.runs.metrics import event_view, series
from lepton_desktop.engine.runs.nodes import Nodes
from lepton_desktop.engine.runs.placement import wanted_nodes
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.runs.states import LinkLost, RunStopAsked
from lepton_desktop.engine.runs.tasks import Tasks
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths
from lepton_desktop.specs import EnvironmentSpec, PpoOptions, RunSpec, load
from lepton_desktop.wire.desk import LogText, Plan, RunRow, Series

MAX_LOG_BYTES = 2 * 1024 * 1024
OPTIONS = {"ppo": PpoOptions}

Note = Callable[[str, str, str, str], None]
"""Writes to the activity log: what, where, detail, level."""


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the runs are given by the composition root."""

    nodes: Nodes
    store: Store
    board: ChangeBoard
    library: Library
    paths: Paths
    note: Note


class Runs:
    """All runs of this engine."""

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._store = given.store
        self._book = RunBook(given.store, given.board)
        self._collector = Collector(given.nodes, self._book, given.paths.runs)
        self.listener = Follower(given.nodes, given.store, self._book, self._collector)
        launcher = TorchrunLauncher(given.nodes, self._book, self.listener, given.board)
        self._launcher = launcher
        self._yard = Yard(
            given.nodes, given.store, self._book, self.listener, launcher, self._collector
        )
        self._gangs = Tasks("gang")

    def start(self) -> None:
        """Take up the runs of an earlier engine; call it before the links open."""
        self._book.load()
        for run in self._book.active():
            for job in run.jobs:
                reason = f"The engine was started again and has not heard from {job.node} yet."
                self._book.change_job(run, job, LinkLost(reason))
            self._live(run)

    async def close(self) -> None:
        """Watch nothing any more; jobs on the nodes go on."""
        await self._gangs.close()
        await self._collector.close()
        await self.listener.close()
        self._book.close()

    def active_count(self) -> int:
        """Runs that are not over."""
        return len(self._book.active())

    def _live(self, run: Run) -> None:
        self._gangs.start(self._through(run))

    async def _through(self, run: Run) -> None:
        caller.set("engine")  # who started the run has nothing to do with how it ends
        await Gang(run, self._yard).live()
        state = run.state
        level = "info" if state.state.value == "SUCCEEDED" else "warning"
        detail = f"{run.spec.name}: {state.state.value} {state.reason}".strip()
        self._given.note("run ended", run.run_id, detail, level)

    def methods(self) -> dict[str, Handler]:
        """What clients may ask."""
        return {
            "runs.list": self._list,
            "runs.show": self._show,
            "runs.plan": self._plan,
            "runs.start": self._start,
            "runs.stop": self._stop,
            "runs.rerun": self._rerun,
            "runs.remove": self._remove,
            "runs.metrics": self._metrics,
            "runs.logs": self._logs,
            "runs.events": self._events,
        }

    async def _list(self, _params: dict[str, Any]) -> dict[str, list[RunRow]]:
        return {"runs": [run.row() for run in self._book]}

    async def _show(self, params: dict[str, Any]) -> RunRow:
        return self._find(params).row()

    def _find(self, params: dict[str, Any]) -> Run:
        return self._book.find(str(params.get("run_id", "")))

    def _checked(self, data: object) -> tuple[RunSpec, EnvironmentSpec, dict[str, str]]:
        """The spec with its nodes filled in, its environment, the plug-ins that it needs."""
        spec = load(RunSpec, data)
        load(OPTIONS[spec.algorithm], spec.options)
        environment = self._given.library.environment(spec.environment)
        plugins = self._given.library.needed_plugins(environment, spec.reward)
        self._given.library.require(spec, environment)
        return dataclasses.replace(spec, nodes=wanted_nodes(spec)), environment, plugins

    async def _plan(self, params: dict[str, Any]) -> Plan:
        spec, _environment, plugins = await asyncio.to_thread(self._checked, params.get("spec"))
        return await self._launcher.plan(spec, plugins)

    async def _start(self, params: dict[str, Any]) -> RunRow:
        return await self._begin(params.get("spec"))

    async def _rerun(self, params: dict[str, Any]) -> RunRow:
        return await self._begin(dataclasses.asdict(self._find(params).spec))

    async def _begin(self, data: object) -> RunRow:
        spec, environment, plugins = await asyncio.to_thread(self._checked, data)
        plan = await self._launcher.plan(spec, plugins)
        run = Run(secrets.token_hex(4), spec, environment, time.time())
        run.plan, run.plugins = plan, plugins
        self._book.add(run)
        detail = (
            f"{spec.name}: {spec.environment}, {plan.world_size} ranks on {', '.join(run.nodes)}"
        )
        self._given.note("run started", run.run_id, detail, "info")
        self._live(run)
        return run.row()

    async def _stop(self, params: dict[str, Any]) -> RunRow:
        run = self._find(params)
        if not run.state.state.is_final and not run.state.stopping:
            self._given.note("run stopped", run.run_id, run.spec.name, "info")
            self._book.change(run, RunStopAsked())
        return run.row()

    async def _remove(self, params: dict[str, Any]) -> dict[str, Any]:
        run = self._find(params)
        if not run.state.state.is_final:
            raise LeptonError(
                f"The run {run.spec.name} is {run.state.state.value}.",
                f"Stop it first: leptonctl run stop {run.run_id}",
                code="run_active",
            )
        self._book.remove(run)
        folder = self._given.paths.runs / run.run_id
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._given.note("run removed", run.run_id, run.spec.name, "info")
        return {}

    async def _metrics(self, params: dict[str, Any]) -> dict[str, list[Series]]:
        run = self._find(params)
        keys, width = words(params, "keys"), whole(params, "width", 0)
        limits = (number(params, "x_from"), number(params, "x_to"))
        return {
            "series": await self._store.read(lambda base: series(base, run, keys, width, limits))
        }

    async def _logs(self, params: dict[str, Any]) -> dict[str, list[LogText]]:
        run = self._find(params)
        wanted = params.get("job_id")
        jobs = [job for job in run.jobs if not wanted or job.job_id == wanted]
        if wanted and not jobs:
            names = ", ".join(job.job_id for job in run.jobs)
            raise LeptonError(f"The run has no job '{wanted}'.", f"It has {names}.", "job_unknown")
        before = number(params, "before")
        limit = min(max(whole(params, "limit", 65_536), 1), MAX_LOG_BYTES)
        place = None if before is None else int(before)
        return {"logs": [await self._log(job, place, limit) for job in jobs]}

    async def _log(self, job: Job, before: int | None, limit: int) -> LogText:
        parts = await self._store.read(lambda base: ledger.output_before(base, job, before, limit))
        text, offset = ledger.tail(parts, before, limit)
        return LogText(job.job_id, job.node, plain(text), offset)

    async def _events(self, params: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
        run = self._find(params)
        found = await self._store.read(lambda base: ledger.events_of(base, run))
        views = [event_view(body) for _job, body in found]
        return {"events": sorted(views, key=lambda view: view["t"] or 0.0)}
