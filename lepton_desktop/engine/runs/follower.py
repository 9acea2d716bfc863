"""Listens to the nodes: lines and states of jobs, links that come and go. Runs in the engine."""

from __future__ import annotations

import asyncio
import logging
import time

from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.checkpoints import Collector
from lepton_desktop.engine.runs.metrics import Fit, Taken, take
from lepton_desktop.engine.runs.nodes import LINK_DOWN, Nodes
from lepton_desktop.engine.runs.records import TRAIN, Job, Run
from lepton_desktop.engine.runs.states import LinkLost, Refused, Reported, Stopped, Vanished
from lepton_desktop.engine.runs.tasks import Tasks
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.node import JobLines, JobStatus, State, StopReport

log = logging.getLogger(__name__)

JOB_UNKNOWN = "job_unknown"
STOP_GRACE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 5.0


class Follower:
    """A FleetListener that keeps the book and the store up to date.

    A notification is awaited by its link, so nothing here may wait for an answer over that same
    link: whatever calls a node goes into a task of its own.
    """

    def __init__(
        self,
        nodes: Nodes,
        store: Store,
        book: RunBook,
        collector: Collector,
    ) -> None:
        self._nodes = nodes
        self._store = store
        self._book = book
        self._collector = collector
        self._tasks = Tasks("follow")
        self._gaps: dict[tuple[str, str], int] = {}
        self._asking: set[str] = set()

    async def close(self) -> None:
        """Follow nothing any more."""
        await self._tasks.close()

    async def link_up(self, node: str) -> None:
        """Take up every job of the node where the store left off."""
        self._collector.link_up(node)
        for run, job in self._book.jobs_on(node):
            if not job.state.state.is_final:
                self._tasks.start(self.resume(run, job))
            elif job.state.unverified:
                self._tasks.start(self._sweep(run, job))

    async def link_lost(self, node: str, reason: str) -> None:
        """What cannot be seen is UNKNOWN, not over."""
        for run, job in self._book.jobs_on(node):
            text = f"The link to {node} was lost: {reason}" if reason else f"No link to {node}"
            self._book.change_job(run, job, LinkLost(f"{text.rstrip('.')}. The job may go on."))

    async def job_status(self, node: str, status: JobStatus) -> None:
        """Fold in what the node says."""
        found = self._book.job(status.job_id)
        if found is None or found[1].node != node:
            return
        if status.state.is_final and status.job_id in self._asking:
            return  # it comes again, after the lines that are missing
        self._book.change_job(*found, Reported(status))
        if status.state is State.UNKNOWN:
            # The agent could not read the job's folder and has stopped to follow it.
            self._tasks.start(self._resume_later(*found))

    async def job_lines(self, node: str, lines: JobLines) -> None:
        """Store whole lines and their offset, once."""
        found = self._book.job(lines.job_id)
        if found is None or found[1].node != node:
            return
        run, job = found
        place = (lines.job_id, lines.file)
        # What is missing at this very place after it was asked for again is not there any more.
        accept_gap = self._gaps.get(place) == lines.offset
        try:
            taken = await self._store.write(lambda base: take(base, run, job, lines, accept_gap))
        except LeptonError as error:
            self._on_not_stored(run, job, error)
            return
        if taken.fit is Fit.GAP:
            self._on_gap(run, job, lines)
            return
        self._gaps.pop(place, None)
        if taken.fit is Fit.NEXT:
            self._on_taken(run, job, lines, taken)

    def _on_taken(self, run: Run, job: Job, lines: JobLines, taken: Taken) -> None:
        if taken.malformed:
            log.warning("%s of %s: %d unreadable lines", lines.file, job.job_id, taken.malformed)
        job.last_line_at = time.time()
        run.progress.add(taken.metrics, job.kind == TRAIN)
        if any(event.kind == "checkpoint" for event in taken.events):
            self._collector.announce(run, job)
        self._book.touch(run)

    def _on_gap(self, run: Run, job: Job, lines: JobLines) -> None:
        if job.job_id in self._asking:
            return
        log.info("%s of %s: a gap before %d", lines.file, job.job_id, lines.offset)
        self._gaps[job.job_id, lines.file] = lines.offset
        self._asking.add(job.job_id)
        self._tasks.start(self._ask_again(run, job, 0.0))

    def _on_not_stored(self, run: Run, job: Job, error: LeptonError) -> None:
        if job.job_id in self._asking:
            return
        log.error("Lines of %s cannot be stored: %s", job.job_id, error)
        self._asking.add(job.job_id)
        self._tasks.start(self._ask_again(run, job, LOOK_AGAIN_SECONDS))

    async def _ask_again(self, run: Run, job: Job, wait_seconds: float) -> None:
        try:
            await asyncio.sleep(wait_seconds)
            await self.follow(run, job)
        except LeptonError as error:
            log.info("%s cannot be followed: %s", job.job_id, error)
        finally:
            self._asking.discard(job.job_id)

    async def follow(self, run: Run, job: Job) -> None:
        """Ask the node for everything that is not stored yet.

        Raises:
            LeptonError: The node cannot be asked.
        """
        offsets = await self._store.read(lambda base: ledger.offsets(base, job))
        params = {"job_id": job.job_id, "offsets": offsets}
        await self._nodes.call(job.node, "job.follow", params)

    async def start(self, run: Run, job: Job) -> None:
        """Start a job, or hear that it is started already, and follow it.

        Raises:
            LeptonError: The node refuses or cannot be asked.
        """
        answer = await self._nodes.call(job.node, "job.start", {"job": dump(job.spec)}, 60.0)
        status = build(JobStatus, answer)
        # How it ended comes with the follow, after its last lines.
        if not status.state.is_final:
            self._book.change_job(run, job, Reported(status))
        await self.follow(run, job)

    async def resume(self, run: Run, job: Job) -> None:
        """Take up one job of an earlier link or engine."""
        try:
            if not job.state.known and not job.state.stopping:
                await self.start(run, job)
                return
            answer = await self._nodes.call(job.node, "job.status", {"job_id": job.job_id})
            status = build(JobStatus, answer)
            await self.follow(run, job)
            if not status.state.is_final:
                self._book.change_job(run, job, Reported(status))
        except LeptonError as error:
            self._not_resumed(run, job, error)

    async def _resume_later(self, run: Run, job: Job) -> None:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        if job.state.state is State.UNKNOWN:
            await self.resume(run, job)

    def _not_resumed(self, run: Run, job: Job, error: LeptonError) -> None:
        if error.code in LINK_DOWN:
            return  # the next link_up tries again
        if error.code == JOB_UNKNOWN:
            reason = f"{job.node} knows nothing of this job any more."
            self._book.change_job(run, job, Vanished(reason))
        else:
            self._book.change_job(run, job, Refused(str(error)))

    async def _sweep(self, run: Run, job: Job) -> None:
        """End what a stop could not reach while its node was away."""
        params = {"job_id": job.job_id, "grace_seconds": STOP_GRACE_SECONDS}
        try:
            answer = await self._nodes.call(job.node, "job.stop", params)
        except LeptonError as error:
            log.info("%s cannot be swept: %s", job.job_id, error)
            return
        self._book.change_job(run, job, Stopped(build(StopReport, answer)))
