"""Keeps one node's link up: connect, ask what it is, listen, try again. Runs in the engine.

One task a node; what happens to one never delays another. The row that clients see is made here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lepton_desktop.engine.changes import new_task_id
from lepton_desktop.engine.cluster import reasons, remote
from lepton_desktop.engine.cluster.bundle import AGENTS, Bundle
from lepton_desktop.engine.cluster.hostkeys import HostKey, HostKeyError, address_of
from lepton_desktop.engine.cluster.link import Link
from lepton_desktop.engine.cluster.local import LocalMachine
from lepton_desktop.engine.cluster.machine import Machine
from lepton_desktop.engine.cluster.records import NodeRecord
from lepton_desktop.engine.cluster.route import Login
from lepton_desktop.engine.cluster.seen import Seen, row_of
from lepton_desktop.engine.cluster.states import Asked, Event, Failed, LinkStatus, Trying, Up, apply
from lepton_desktop.engine.cluster.surroundings import Surroundings
from lepton_desktop.engine.cluster.telemetry import Ring
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import LinkState, NodeRow, TaskRow
from lepton_desktop.wire.node import (
    JobLines,
    JobStatus,
    NodeFacts,
    PythonEnvironment,
    Sample,
    State,
)

DESCRIBE_SECONDS = 20.0
PYTHONS_SECONDS = 60.0
PUBLISH_EVERY_SECONDS = 0.25

_log = logging.getLogger(__name__)


class Keeper:
    """One node. ``start`` once, ``stop`` once; the rest may be called at any time."""

    def __init__(self, record: NodeRecord, around: Surroundings) -> None:
        self.record = record
        self.login = Login(record.spec.key)
        self.status = LinkStatus()
        self.seen = Seen()
        self.ring = Ring(around.interval_seconds)
        self._around = around
        self._machine: Machine | None = None
        self._link: Link | None = None
        self._places: dict[str, str] = {}
        self._pushing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._restart = asyncio.Event()
        self._announced = False
        self._task: asyncio.Task[None] | None = None
        self._published = 0.0
        self._publish_timer: asyncio.TimerHandle | None = None
        self._task_row: TaskRow | None = None

    @property
    def name(self) -> str:
        """Of the node."""
        return self.record.spec.name

    def start(self) -> None:
        """Begin to connect; nothing is awaited."""
        self.publish()
        self._task = asyncio.create_task(self._run(), name=f"keeper-{self.name}")

    async def stop(self) -> None:
        """Hang up; jobs on the node go on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._publish_timer is not None:
            self._publish_timer.cancel()
        self._end_task_row()

    def retry(self, reconnect: bool = False) -> None:
        """Try now instead of later; ``reconnect`` also drops a link or an attempt that is there."""
        if self.status.state is LinkState.UP and not reconnect:
            return
        self._fold(Asked())
        self._wake.set()
        if reconnect:
            self._restart.set()

    def change(self, record: NodeRecord, reconnect: bool) -> None:
        """Another spec or drain state."""
        self.record = record
        self.login = replace(self.login, key=record.spec.key)
        self.publish()
        if reconnect:
            self.retry(reconnect=True)

    async def call(self, method: str, params: dict[str, Any], timeout_seconds: float) -> Any:  # noqa: ANN401
        """Ask the agent.

        Raises:
            LeptonError: Code ``link_down`` when the node is not UP; else as the agent answers.
        """
        answer = await self._up()[1].call(method, params, timeout_seconds)
        if method in ("job.start", "job.status", "job.stop") and isinstance(answer, dict):
            self._count_job(answer.get("job_id"), answer.get("state"))
        return answer

    async def push(self, bundle: Bundle) -> str:
        """Bring a bundle to the node once a link; the answer is its absolute place.

        Raises:
            LeptonError: The node is not UP, or it cannot take the bundle.
        """
        machine = self._up()[0]
        async with self._pushing:
            known = self._places.get(bundle.sha256)
            if known is None:
                try:
                    known = await machine.unpack(bundle, self._tell)
                finally:
                    self._end_task_row()
                self._log_pushed(machine)
                self._places[bundle.sha256] = known
        return known

    async def put(self, path: str, data: bytes) -> None:
        """Write a file on the node.

        Raises:
            LeptonError: The node is not UP or cannot take it.
        """
        await self._up()[0].put(path, data)

    async def get(self, path: str, target: Path) -> None:
        """Copy a file from the node.

        Raises:
            LeptonError: The node is not UP or has no such file.
        """
        await self._up()[0].get(path, target)

    async def refresh_environments(self) -> list[PythonEnvironment]:
        """Ask the node for its Pythons again.

        Raises:
            LeptonError: The node is not UP or did not answer.
        """
        await self._ask_pythons(self._up()[1])
        self.publish()
        return self.seen.environments

    def row(self) -> NodeRow:
        """As clients see it."""
        return row_of(self.record, self.status, self.seen)

    def publish(self) -> None:
        """Show the row now."""
        self._published = time.monotonic()
        if self._publish_timer is not None:
            self._publish_timer.cancel()
            self._publish_timer = None
        self._around.board.publish("nodes", self.name, self.row())

    # What an agent says by itself (LinkEvents).

    def on_sample(self, sample: Sample) -> None:
        """Fold a reading; rows are shown four times a second at most."""
        now = time.time()
        self.seen.sample, self.seen.sample_at = sample, now
        self.ring.add(sample, now)
        self._publish_soon()

    def on_skew(self, seconds: float) -> None:
        """Of the clocks; small changes are noise and would only stir the clients."""
        old = self.seen.skew_seconds
        if old is None or abs(seconds - old) > 0.05:
            self.seen.skew_seconds = round(seconds, 3)
            self._publish_soon()

    async def on_job_lines(self, lines: JobLines) -> None:
        """Hand on."""
        for listener in self._around.listeners:
            await listener.job_lines(self.name, lines)

    async def on_job_status(self, status: JobStatus) -> None:
        """Count, then hand on."""
        self._count_job(status.job_id, status.state)
        for listener in self._around.listeners:
            await listener.job_status(self.name, status)

    async def _run(self) -> None:
        while True:
            self._restart.clear()
            self._wake.clear()
            attempt = asyncio.create_task(self._attempt(), name=f"attempt-{self.name}")
            restart = asyncio.create_task(self._restart.wait())
            try:
                await asyncio.wait((attempt, restart), return_when=asyncio.FIRST_COMPLETED)
            finally:
                attempt.cancel()
                restart.cancel()
                await asyncio.gather(attempt, restart, return_exceptions=True)
            await self._wait_for_retry()

    async def _attempt(self) -> None:
        """One link from its beginning to its end."""
        try:
            await self._link_up_and_serve()
        except LeptonError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - a bug must not end the keeper
            _log.exception("The link to %s ended by a fault of the engine", self.name)
            self._failed(LeptonError(f"A fault in the engine: {error!r}.", code="bug"))
        finally:
            await self._hang_up()

    async def _link_up_and_serve(self) -> None:
        self._machine = await self._reach()
        link = await self._open(self._machine)
        self._end_task_row()
        self._fold(Up())
        self._announced = True
        self._log_up()
        await self._tell_listeners("link_up")
        raise LeptonError(f"The link was lost: {await link.serve()}.", code="link_lost")

    async def _hang_up(self) -> None:
        link, machine = self._link, self._machine
        self._link, self._machine = None, None
        self._places.clear()
        self._end_task_row()
        if link is not None:
            await link.close()
        if machine is not None:
            await machine.close()
        if self._announced:
            self._announced = False
            await self._tell_listeners("link_lost", self.status.reason)

    async def _reach(self) -> Machine:
        spec = self.record.spec
        self.seen.offered = None
        if spec.is_local:
            return LocalMachine(Path(spec.home) if spec.home else self._around.local_home)
        pin = self._around.pins.get(address_of(spec.host, spec.port))
        self.seen.host_key = pin.fingerprint if pin else self.seen.host_key
        keys = self._around.pins.check([self.record.accept_key] if self.record.accept_key else [])
        try:
            machine = await remote.reach(spec, self.login, keys, self._tell)
        except HostKeyError as error:
            self.seen.offered = error
            raise
        finally:
            for address, key in keys.accepted.items():
                self._pin(address, key)
        self.seen.host_key = machine.host_key
        return machine

    async def _open(self, machine: Machine) -> Link:
        channel = await machine.start_agent(self._tell, mend=self.status.code == "agent_failed")
        self._log_pushed(machine)
        link = self._link = Link(self.name, channel, self)
        hello = await link.open()
        known_boot = self.seen.hello.boot_id if self.seen.hello else ""
        self.seen.hello = hello
        self._tell("Asking what the node is", None)
        self.seen.facts = await link.call_for(NodeFacts, "node.describe", {}, DESCRIBE_SECONDS)
        await self._ask_jobs(link)
        params = {"interval_seconds": self._around.interval_seconds}
        await link.call("telemetry.start", params, DESCRIBE_SECONDS)
        if not self.seen.environments or known_boot != hello.boot_id:
            self._tell("Looking for Python environments", None)
            await self._ask_pythons(link)
        return link

    async def _ask_pythons(self, link: Link) -> None:
        paths = [self.record.spec.python] if self.record.spec.python else []
        try:
            answer = await link.call_for(_Pythons, "python.list", {"paths": paths}, PYTHONS_SECONDS)
        except LeptonError as error:
            self.seen.environments_problem = error.message  # a slow disk must not cost the link
            return
        self.seen.environments = answer.environments
        self.seen.asked_environments = True
        self.seen.environments_problem = ""

    async def _ask_jobs(self, link: Link) -> None:
        answer = await link.call_for(_Jobs, "job.list", {}, DESCRIBE_SECONDS)
        self.seen.jobs = {job.job_id: job.state for job in answer.jobs}

    async def _wait_for_retry(self) -> None:
        if not self._restart.is_set() and not self._wake.is_set():
            retry_at = self.status.retry_at
            delay = None if retry_at is None else max(0.0, retry_at - time.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), delay)
        self._fold(Trying())

    async def _tell_listeners(self, what: str, *details: str) -> None:
        for listener in self._around.listeners:
            try:
                await getattr(listener, what)(self.name, *details)
            except LeptonError as error:
                _log.warning("%s: after %s: %s", self.name, what, error)
            except Exception:  # noqa: BLE001 - nor one listener's bug the others
                _log.exception("%s: a listener failed at %s", self.name, what)

    def _up(self) -> tuple[Machine, Link]:
        if self.status.state is not LinkState.UP or not self._machine or not self._link:
            raise reasons.link_down(self.name, self.status.reason)
        return self._machine, self._link

    def _failed(self, error: LeptonError) -> None:
        old = self.status
        self.seen.step = ""
        jitter = random.uniform(0.8, 1.2)
        self._fold(Failed(time.time(), error.message, error.hint, error.code, jitter))
        if old.state is not self.status.state or old.code != self.status.code:
            level = "error" if self.status.state is LinkState.BLOCKED else "warning"
            self._around.log("Link lost", self.name, error.message, level)

    def _log_pushed(self, machine: Machine) -> None:
        while machine.pushed:
            bundle = machine.pushed.pop(0)
            what = "Agent pushed" if bundle.area == AGENTS else "Code pushed"
            self._around.log(what, self.name, f"{machine.home}/{bundle.folder}", "info")

    def _log_up(self) -> None:
        version = self.seen.hello.version if self.seen.hello else ""
        self._around.log("Link up", self.name, f"agent {version}", "info")

    def _pin(self, address: str, key: HostKey) -> None:
        self._around.pins.pin(address, key)
        self._around.log("Host key trusted", self.name, f"{address} {key.fingerprint}", "info")

    def _fold(self, event: Event) -> None:
        self.status = apply(self.status, event)
        if self.status.state is LinkState.UP:
            self.seen.step = ""
        self.publish()

    def _publish_soon(self) -> None:
        if self._publish_timer is not None:
            return
        wait = self._published + PUBLISH_EVERY_SECONDS - time.monotonic()
        if wait <= 0:
            self.publish()
        else:
            self._publish_timer = asyncio.get_running_loop().call_later(wait, self.publish)

    def _tell(self, step: str, fraction: float | None) -> None:
        """Progress: in the row while connecting, and as a task while something is waited for."""
        if self.status.state is not LinkState.UP and self.seen.step != step:
            self.seen.step = step
            self.publish()
        quiet = self.status.state is LinkState.RECONNECTING and fraction is None
        if not quiet:
            known = self._task_row.task_id if self._task_row else new_task_id()
            title = f"Connecting {self.name}" if self._link is None else f"Preparing {self.name}"
            self._task_row = TaskRow(known, title, step, fraction, self.name)
            self._around.board.publish("tasks", known, self._task_row)

    def _end_task_row(self) -> None:
        if self._task_row is not None:
            self._around.board.remove("tasks", self._task_row.task_id)
            self._task_row = None

    def _count_job(self, job_id: object, state: object) -> None:
        if isinstance(job_id, str) and state in State.__members__.values():
            self.seen.jobs[job_id] = State(state)
            self._publish_soon()


@dataclass(frozen=True)
class _Pythons:
    environments: list[PythonEnvironment]


@dataclass(frozen=True)
class _Jobs:
    jobs: list[JobStatus]
