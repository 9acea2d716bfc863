"""The runs that this engine knows: every change is stored, told to clients, and wakes who waits.

Runs in the engine, on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator

from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.records import Job, Run
from lepton_desktop.engine.runs.states import (
    JobEvent,
    JobsChanged,
    RunEvent,
    apply_job,
    apply_run,
)
from lepton_desktop.engine.store import Connection, Store
from lepton_desktop.errors import LeptonError

log = logging.getLogger(__name__)

PUBLISH_SECONDS = 0.25


class RunBook:
    """Runs by id."""

    def __init__(self, store: Store, board: ChangeBoard) -> None:
        self._store = store
        self._board = board
        self._runs: dict[str, Run] = {}
        self._jobs: dict[str, tuple[Run, Job]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._published: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def load(self) -> None:
        """Read everything back at the start of an engine."""
        for run in self._store.transact(ledger.load_runs):
            self._enter(run)

    def close(self) -> None:
        """Publish nothing any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def __iter__(self) -> Iterator[Run]:
        return iter(list(self._runs.values()))

    def __contains__(self, run: Run) -> bool:
        return run.run_id in self._runs

    def active(self) -> list[Run]:
        """Runs that are not over."""
        return [run for run in self if not run.state.state.is_final]

    def find(self, wanted: str) -> Run:
        """By id, by a unique prefix of it, or by name (the newest of that name).

        Raises:
            LeptonError: There is none, or several ids begin so.
        """
        if wanted in self._runs:
            return self._runs[wanted]
        named = [run for run in self if run.spec.name == wanted]
        if named:
            return max(named, key=lambda run: run.number)
        begun = [run for run in self if wanted and run.run_id.startswith(wanted)]
        if len(begun) == 1:
            return begun[0]
        if begun:
            names = ", ".join(run.run_id for run in begun[:5])
            raise LeptonError(
                f"Several runs begin with '{wanted}': {names}.",
                "Write more of the id.",
                code="run_ambiguous",
            )
        raise LeptonError(
            f"There is no run '{wanted}'.",
            "List the runs with: leptonctl run list",
            code="run_unknown",
        )

    def job(self, job_id: str) -> tuple[Run, Job] | None:
        """A job and its run."""
        return self._jobs.get(job_id)

    def jobs_on(self, node: str) -> list[tuple[Run, Job]]:
        """Every job that was given to a node."""
        return [pair for pair in self._jobs.values() if pair[1].node == node]

    def add(self, run: Run) -> None:
        """Enter a new run; it gets its number."""
        run.number = self._store.transact(lambda base: ledger.insert_run(base, run))
        self._enter(run)

    def add_jobs(self, run: Run, jobs: list[Job]) -> None:
        """Enter new jobs of a run, in one transaction."""
        new = [job for job in jobs if job.job_id not in self._jobs]
        numbers = self._store.transact(
            lambda base: [ledger.insert_job(base, run, job) for job in new]
        )
        for job, number in zip(new, numbers, strict=True):
            job.number = number
            run.jobs.append(job)
            self._jobs[job.job_id] = (run, job)
        self.touch(run)

    def remove(self, run: Run) -> None:
        """Forget a run."""
        self._store.transact(lambda base: ledger.delete_run(base, run))
        for job in run.jobs:
            self._jobs.pop(job.job_id, None)
        timer = self._timers.pop(run.run_id, None)
        if timer is not None:
            timer.cancel()
        self._runs.pop(run.run_id, None)
        self._changed.pop(run.run_id, None)
        self._published.pop(run.run_id, None)
        self._board.remove("runs", run.run_id)

    def change(self, run: Run, event: RunEvent) -> None:
        """Fold an event into a run."""
        run.state = apply_run(run.state, event)
        self.save(run)

    def change_job(self, run: Run, job: Job, event: JobEvent) -> None:
        """Fold an event into a job, and what follows from it into its run."""
        before = job.state
        job.state = apply_job(job.state, event)
        if job.state == before:
            return
        self._keep(lambda base: ledger.save_job(base, job))
        self.change(run, JobsChanged([one.state for one in run.phase_jobs()]))

    def save(self, run: Run) -> None:
        """Store a run as it is now."""
        self._keep(lambda base: ledger.save_run(base, run))
        self.touch(run)
        self._changed[run.run_id].set()

    def _keep(self, work: Callable[[Connection], None]) -> None:
        try:
            self._store.transact(work)
        except LeptonError as error:
            # A full disk must not end the watch over jobs that run; the next change stores all.
            log.error("A run's state cannot be stored: %s", error)  # noqa: TRY400

    def touch(self, run: Run) -> None:
        """Tell the clients soon, at most four times a second."""
        if run.run_id in self._timers or run.run_id not in self._runs:
            return
        loop = asyncio.get_running_loop()
        since = time.monotonic() - self._published.get(run.run_id, 0.0)
        wait = max(0.0, PUBLISH_SECONDS - since)
        self._timers[run.run_id] = loop.call_later(wait, self._publish, run)

    async def changed(self, run: Run) -> None:
        """Wait until something of the run has changed since the last time."""
        event = self._changed[run.run_id]
        await event.wait()
        event.clear()

    def _enter(self, run: Run) -> None:
        self._runs[run.run_id] = run
        self._changed[run.run_id] = asyncio.Event()
        for job in run.jobs:
            self._jobs[job.job_id] = (run, job)
        self._board.publish("runs", run.run_id, run.row())

    def _publish(self, run: Run) -> None:
        self._timers.pop(run.run_id, None)
        self._published[run.run_id] = time.monotonic()
        self._board.publish("runs", run.run_id, run.row())
