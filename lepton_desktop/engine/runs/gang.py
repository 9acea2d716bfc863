"""The life of one run: launch, watch, stop together, evaluate. Runs in the engine.

Everything that matters is in the book, so a gang can be dropped at any point and another one, in
another engine, goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass

from lepton_desktop.engine.runs import ledger
from lepton_desktop.engine.runs.book import RunBook
from lepton_desktop.engine.runs.checkpoints import Collector
from lepton_desktop.engine.runs.failures import Ending, explain, short
from lepton_desktop.engine.runs.follower import Follower
from lepton_desktop.engine.runs.launcher import TorchrunLauncher
from lepton_desktop.engine.runs.lines import Event
from lepton_desktop.engine.runs.nodes import LINK_DOWN, Nodes
from lepton_desktop.engine.runs.plan import evaluate_job
from lepton_desktop.engine.runs.records import EVALUATE, TRAIN, Job, Run
from lepton_desktop.engine.runs.states import (
    Asked,
    Ended,
    Evaluating,
    Launching,
    LinkLost,
    Move,
    NodeAway,
    Refused,
    next_move,
)
from lepton_desktop.engine.runs.stopping import stop_jobs
from lepton_desktop.engine.runs.tasks import Tasks
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import State

log = logging.getLogger(__name__)

SETTLE_SECONDS = 2.0
"""After one rank broke, the others end by themselves and say why; then they are stopped."""

NODE_AWAY_SECONDS = 1.0
COPY_SECONDS = 120.0
TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Yard:
    """What every gang works with."""

    nodes: Nodes
    store: Store
    book: RunBook
    follower: Follower
    launcher: TorchrunLauncher
    collector: Collector


class Gang:
    """Sees one run through to its end."""

    def __init__(self, run: Run, yard: Yard) -> None:
        self._run = run
        self._yard = yard
        self._book = yard.book
        self._tasks = Tasks(f"run {run.run_id}")

    async def live(self) -> None:
        """From wherever the run is now to a final state."""
        try:
            await self._live()
        finally:
            await self._tasks.close()

    async def _live(self) -> None:
        try:
            if not any(job.kind == TRAIN for job in self._run.jobs):
                await self._launch()
            while not self._run.state.state.is_final:
                await self._step()
        except Exception:
            log.exception("A bug in the life of run %s", self._run.run_id)
            await self._break("The engine failed.", "This is a bug; engine.log has the details.")

    async def _step(self) -> None:
        run = self._run
        jobs = [job.state for job in run.phase_jobs()]
        move = next_move(run.state, jobs, evaluate=run.spec.evaluation_episodes > 0)
        if move is Move.WAIT:
            await self._book.changed(run)
        elif move is Move.STOP:
            await self._stop()
        elif move is Move.BREAK:
            await self._settle()
            reason, hint = await self._explain()
            await self._break(reason, hint)
        elif move is Move.EVALUATE:
            await self._evaluate()
        else:
            await self._finish()

    async def _launch(self) -> None:
        run = self._run
        if run.state.stopping:
            return
        if run.state.state is State.PENDING:
            self._book.change(run, Launching(time.time()))
        launching = self._tasks.start(_outcome(self._yard.launcher.launch(run)))
        while not launching.done():
            changed = self._tasks.start(self._book.changed(run))
            await asyncio.wait((launching, changed), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
            if run.state.stopping:
                launching.cancel()
                await asyncio.wait((launching,))
        if not launching.cancelled() and (error := launching.result()) is not None:
            await self._break(error.message, error.hint)

    async def _stop(self) -> None:
        left = await stop_jobs(self._yard.nodes, self._book, self._run, self._run.jobs)
        hint = "Look at the node, and end them there if they still run." if left else ""
        self._end(State.CANCELLED, " ".join(left) or "Stopped.", hint)

    async def _break(self, reason: str, hint: str) -> None:
        left = await stop_jobs(self._yard.nodes, self._book, self._run, self._run.jobs)
        self._end(State.FAILED, " ".join([short(reason, 600), *left]), hint)

    async def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS
        while any(not job.state.state.is_final for job in self._run.phase_jobs()):
            left = deadline - time.monotonic()
            if left <= 0 or self._run.state.stopping:
                return
            try:
                await asyncio.wait_for(self._book.changed(self._run), left)
            except TimeoutError:
                return

    async def _explain(self) -> tuple[str, str]:
        run, jobs = self._run, self._run.phase_jobs()
        found = await self._yard.store.read(lambda base: ledger.events_of(base, run))
        events = [(number, build(Event, body)) for number, body in found]
        outputs = await self._yard.store.read(
            lambda base: [ledger.output_before(base, job, None, TAIL_BYTES) for job in jobs]
        )
        endings = [
            Ending(
                node=job.node,
                ranks=_ranks(job),
                state=job.state.state,
                reason=job.state.reason,
                exit_code=job.state.exit_code,
                ended=job.state.ended,
                errors=[
                    one for number, one in events if number == job.number and one.kind == "error"
                ],
                output="".join(part.text for part in parts)[-TAIL_BYTES:],
            )
            for job, parts in zip(jobs, outputs, strict=True)
        ]
        return explain(endings)

    async def _evaluate(self) -> None:
        run, first = self._run, self._run.phase_jobs()[0]
        try:
            latest = await self._yard.collector.latest(first)
        except LeptonError as error:
            if error.code in LINK_DOWN:
                self._book.change(run, NodeAway(error.message))
                await asyncio.sleep(NODE_AWAY_SECONDS)
                return
            await self._break(f"Training left no usable checkpoint. {error.message}", error.hint)
            return
        hello = self._yard.nodes.hello(first.node)
        job = evaluate_job(run, first, hello.home if hello else "", latest.file)
        self._book.add_jobs(run, [job])
        self._book.change(run, Evaluating())
        job = run.phase_jobs()[0]  # an engine that was killed right here had entered it before
        self._book.change_job(run, job, Asked())
        try:
            await self._yard.follower.start(run, job)
        except LeptonError as error:
            event = LinkLost(error.message) if error.code in LINK_DOWN else Refused(str(error))
            self._book.change_job(run, job, event)

    async def _finish(self) -> None:
        run = self._run
        if tried := [job for job in run.phase_jobs() if job.kind == EVALUATE]:
            metrics = await self._yard.store.read(lambda base: ledger.job_metrics(base, tried[0]))
            run.result = {key: value for key, value in metrics.items() if key.startswith("eval/")}
        try:
            await asyncio.wait_for(self._bring_home(tried), COPY_SECONDS)
        except TimeoutError:
            note = f"Not copied to this computer within {COPY_SECONDS:.0f} s."
            self._end(State.SUCCEEDED, note, "The files are in the job's folder on the node.")
        except LeptonError as error:
            self._end(State.SUCCEEDED, f"Not copied to this computer: {error.message}", error.hint)
        else:
            self._end(State.SUCCEEDED, "", "")

    async def _bring_home(self, tried: list[Job]) -> None:
        first = next(job for job in self._run.jobs if job.kind == TRAIN)
        await self._yard.collector.collect(self._run, first)
        for job in tried:
            await self._yard.collector.collect_evaluation(self._run, job)

    def _end(self, state: State, reason: str, hint: str) -> None:
        self._book.change(self._run, Ended(state, time.time(), reason, hint))


async def _outcome(launch: Awaitable[None]) -> LeptonError | None:
    try:
        await launch
    except LeptonError as error:
        return error
    return None


def _ranks(job: Job) -> str:
    if job.kind == EVALUATE:
        return "The evaluation"
    last = job.first_rank + job.ranks - 1
    return f"Rank {last}" if job.ranks == 1 else f"Ranks {job.first_rank} to {last}"
