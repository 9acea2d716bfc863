"""How runs and jobs change: ``state = apply(state, event)``, no I/O, no clock. Runs in the engine.

A final state absorbs every event. Times come with the events.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lepton_desktop.wire.node import JobStatus, State, StopReport

_ORDER = (State.PENDING, State.STARTING, State.RUNNING, State.STOPPING)


@dataclass(frozen=True)
class JobState:
    """What the engine believes of one job."""

    state: State = State.PENDING
    reason: str = ""
    pid: int | None = None
    exit_code: int | None = None
    started: float | None = None
    ended: float | None = None
    known: bool = False
    """The node has answered for it; until then its start may be repeated."""
    stopping: bool = False
    """A stop was asked for; remembered while the link is lost."""
    unverified: bool = False
    """Given up without proof that its processes are gone."""
    output_start: int = 0


@dataclass(frozen=True)
class Asked:
    """The start is on its way to the node."""


@dataclass(frozen=True)
class Refused:
    """The node did not start it."""

    reason: str


@dataclass(frozen=True)
class Reported:
    """The node said how it is."""

    status: JobStatus


@dataclass(frozen=True)
class LinkLost:
    """Nothing is heard from the node."""

    reason: str


@dataclass(frozen=True)
class StopAsked:
    """The operator, or the failure of another rank, wants it gone."""


@dataclass(frozen=True)
class Stopped:
    """The node swept its processes."""

    report: StopReport


@dataclass(frozen=True)
class Vanished:
    """The node answers, but knows no such job."""

    reason: str


@dataclass(frozen=True)
class Abandoned:
    """Given up: the node could not be asked."""

    reason: str


JobEvent = Asked | Refused | Reported | LinkLost | StopAsked | Stopped | Vanished | Abandoned


def apply_job(job: JobState, event: JobEvent) -> JobState:
    """The job after the event."""
    if job.state.is_final:
        return _verified_later(job, event)
    match event:
        case Asked():
            return replace(job, state=State.STARTING) if job.state is State.PENDING else job
        case Refused(reason):
            return replace(job, state=_end(job, State.FAILED), reason=reason)
        case Reported(status):
            return _reported(job, status)
        case LinkLost(reason):
            return replace(job, state=State.UNKNOWN, reason=reason)
        case StopAsked():
            state = job.state if job.state is State.UNKNOWN else State.STOPPING
            return replace(job, state=state, stopping=True)
        case Stopped(report):
            return _stopped(job, report)
        case Vanished(reason):
            return replace(job, state=_end(job, State.FAILED), reason=reason, known=True)
        case Abandoned(reason):
            return replace(job, state=State.CANCELLED, reason=reason, unverified=True)


def _end(job: JobState, state: State) -> State:
    return State.CANCELLED if job.stopping and state is State.FAILED else state


def _reported(job: JobState, status: JobStatus) -> JobState:
    state = _end(job, status.state)
    if not state.is_final and state is not State.UNKNOWN:
        # Reports of a follow and of a call may cross: an older one does not turn time back.
        floor = State.STOPPING if job.stopping else job.state
        if floor in _ORDER:
            state = max(state, floor, key=_ORDER.index)
    return replace(
        job,
        state=state,
        reason=status.reason,
        pid=status.pid if status.pid is not None else job.pid,
        exit_code=status.exit_code,
        started=status.started if status.started is not None else job.started,
        ended=status.ended,
        known=True,
        output_start=max(job.output_start, status.output_start),
    )


def _stopped(job: JobState, report: StopReport) -> JobState:
    if report.survivors:
        return replace(
            job, state=State.CANCELLED, reason=survivors_text(report), unverified=True, known=True
        )
    state = report.state if report.state.is_final else State.CANCELLED
    state = State.CANCELLED if state is State.FAILED and job.stopping else state
    return replace(job, state=state, reason=report.reason or job.reason, known=True)


def _verified_later(job: JobState, event: JobEvent) -> JobState:
    if not job.unverified:
        return job
    match event:
        case Stopped(report) if not report.survivors:
            return replace(
                job, unverified=False, reason="Stopped; verified when the node was back."
            )
        case Stopped(report):
            return replace(job, reason=survivors_text(report))
        case Vanished(_):
            return replace(job, unverified=False, reason="The node knows nothing of it any more.")
    return job


def survivors_text(report: StopReport) -> str:
    """Which processes a stop could not end."""
    names = ", ".join(f"{one.pid} ({one.command[:40]})" for one in report.survivors[:8])
    more = len(report.survivors) - 8
    return f"Still alive after SIGKILL: pid {names}{f' and {more} more' if more > 0 else ''}."


@dataclass(frozen=True)
class RunState:
    """What the engine believes of one run."""

    state: State = State.PENDING
    phase: str = ""
    """``training`` or ``evaluating`` while active."""
    reason: str = ""
    hint: str = ""
    attempt: int = 0
    started: float | None = None
    ended: float | None = None
    stopping: bool = False


@dataclass(frozen=True)
class Launching:
    """A new attempt begins."""

    time: float


@dataclass(frozen=True)
class Evaluating:
    """Training is done, its policy is tried."""


@dataclass(frozen=True)
class JobsChanged:
    """The jobs of the present phase, as they are now."""

    jobs: Sequence[JobState]


@dataclass(frozen=True)
class RunStopAsked:
    """The operator wants it gone."""


@dataclass(frozen=True)
class Ended:
    """Nothing more will happen."""

    state: State
    time: float
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True)
class NodeAway:
    """What comes next has to wait for a node."""

    reason: str


RunEvent = Launching | Evaluating | NodeAway | JobsChanged | RunStopAsked | Ended


def apply_run(run: RunState, event: RunEvent) -> RunState:
    """The run after the event."""
    if run.state.is_final:
        return run
    match event:
        case Launching(time):
            started = run.started if run.started is not None else time
            state = State.STOPPING if run.stopping else State.STARTING
            return replace(
                run, state=state, phase="training", attempt=run.attempt + 1, started=started
            )
        case Evaluating():
            state = State.STOPPING if run.stopping else State.RUNNING
            return replace(run, state=state, phase="evaluating", reason="")
        case NodeAway(reason):
            return run if run.stopping else replace(run, state=State.UNKNOWN, reason=reason)
        case JobsChanged(jobs):
            return _follow_jobs(run, jobs)
        case RunStopAsked():
            return replace(run, state=State.STOPPING, stopping=True, reason="", hint="")
        case Ended(state, time, reason, hint):
            if run.stopping and state is State.FAILED:
                state = State.CANCELLED
            return replace(run, state=state, phase="", ended=time, reason=reason, hint=hint)


def _follow_jobs(run: RunState, jobs: Sequence[JobState]) -> RunState:
    if run.stopping or not jobs or run.state is State.PENDING:
        return run
    lost = [job for job in jobs if job.state is State.UNKNOWN]
    if lost:
        return replace(run, state=State.UNKNOWN, reason=lost[0].reason)
    waiting = any(job.state in (State.PENDING, State.STARTING) for job in jobs)
    if run.phase == "evaluating" or not waiting:
        return replace(run, state=State.RUNNING, reason="")
    if run.state is State.UNKNOWN:
        return replace(run, state=State.STARTING, reason="")
    return run


class Move(enum.Enum):
    """What a gang does next."""

    WAIT = "wait"
    STOP = "stop"
    BREAK = "break"
    EVALUATE = "evaluate"
    FINISH = "finish"


def next_move(run: RunState, jobs: Sequence[JobState], evaluate: bool) -> Move:
    """What follows from the jobs of the present phase."""
    if run.stopping:
        return Move.STOP
    if any(job.state in (State.FAILED, State.CANCELLED) for job in jobs):
        return Move.BREAK
    if not jobs or any(job.state is not State.SUCCEEDED for job in jobs):
        return Move.WAIT
    return Move.EVALUATE if evaluate and run.phase == "training" else Move.FINISH
