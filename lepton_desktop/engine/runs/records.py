"""A run and its jobs as the engine holds them, and as clients see them. Runs in the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lepton_desktop.engine.runs.progress import Progress
from lepton_desktop.engine.runs.states import JobState, RunState
from lepton_desktop.specs import EnvironmentSpec, RunSpec
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.desk import JobRow, Plan, RunRow
from lepton_desktop.wire.node import JobSpec

TRAIN, EVALUATE = "train", "evaluate"


@dataclass
class Job:
    """One job of a run."""

    spec: JobSpec
    node: str
    attempt: int
    first_rank: int
    ranks: int
    state: JobState = field(default_factory=JobState)
    number: int = 0
    """In the store; 0 until it is there."""
    last_line_at: float | None = None

    @property
    def job_id(self) -> str:
        """Its name on the node and everywhere."""
        return self.spec.job_id

    @property
    def kind(self) -> str:
        """``train`` or ``evaluate``."""
        return self.spec.kind

    def row(self) -> JobRow:
        """What clients see."""
        state = self.state
        return JobRow(
            job_id=self.job_id,
            run_id=self.spec.run_id,
            node=self.node,
            kind=self.kind,
            attempt=self.attempt,
            first_rank=self.first_rank,
            ranks=self.ranks,
            state=state.state,
            reason=state.reason,
            pid=state.pid,
            exit_code=state.exit_code,
            started=state.started,
            ended=state.ended,
            last_line_at=self.last_line_at,
        )


@dataclass
class Run:
    """One run, its jobs and how far it is."""

    run_id: str
    spec: RunSpec
    environment: EnvironmentSpec
    created: float
    number: int = 0
    state: RunState = field(default_factory=RunState)
    plan: Plan | None = None
    plugins: dict[str, str] = field(default_factory=dict)
    """Plug-in id to its folder on the desk, of those that the jobs need."""
    result: dict[str, float] = field(default_factory=dict)
    checkpoint: str = ""
    jobs: list[Job] = field(default_factory=list)
    progress: Progress = field(default_factory=Progress)

    @property
    def nodes(self) -> list[str]:
        """Where it runs, in the order of ranks."""
        return self.spec.nodes

    def phase_jobs(self) -> list[Job]:
        """The jobs that decide what happens next."""
        kind = EVALUATE if self.state.phase == "evaluating" else TRAIN
        return [job for job in self.jobs if job.kind == kind and job.attempt == self.state.attempt]

    def row(self) -> RunRow:
        """What clients see."""
        state, progress = self.state, self.progress
        active = state.state.value in ("RUNNING", "STARTING") and state.phase == "training"
        return RunRow(
            run_id=self.run_id,
            name=self.spec.name,
            number=self.number,
            state=state.state,
            spec=dump(self.spec),
            created=self.created,
            reason=state.reason,
            hint=state.hint,
            phase=state.phase,
            started=state.started,
            ended=state.ended,
            attempt=state.attempt,
            world_size=self.plan.world_size if self.plan else 0,
            nodes=self.nodes,
            step=progress.step,
            total_steps=self.spec.total_steps,
            seconds_left=progress.seconds_left(self.spec.total_steps) if active else None,
            metrics=dict(progress.newest),
            metric_count=progress.count,
            result=self.result,
            checkpoint=self.checkpoint,
            jobs=[job.row() for job in self.jobs],
        )


def run_body(run: Run) -> dict[str, Any]:
    """What the store keeps of a run."""
    return {
        "spec": dump(run.spec),
        "environment": dump(run.environment),
        "created": run.created,
        "state": dump(run.state),
        "plan": None if run.plan is None else dump(run.plan),
        "plugins": run.plugins,
        "result": run.result,
        "checkpoint": run.checkpoint,
    }


def run_of(number: int, run_id: str, body: dict[str, Any]) -> Run:
    """The run that ``run_body`` described."""
    return Run(
        run_id=run_id,
        spec=build(RunSpec, body["spec"]),
        environment=build(EnvironmentSpec, body["environment"]),
        created=body["created"],
        number=number,
        state=build(RunState, body["state"]),
        plan=None if body["plan"] is None else build(Plan, body["plan"]),
        plugins=body["plugins"],
        result=body["result"],
        checkpoint=body["checkpoint"],
    )


def job_body(job: Job) -> dict[str, Any]:
    """What the store keeps of a job."""
    return {
        "spec": dump(job.spec),
        "node": job.node,
        "attempt": job.attempt,
        "first_rank": job.first_rank,
        "ranks": job.ranks,
        "state": dump(job.state),
        "last_line_at": job.last_line_at,
    }


def job_of(number: int, body: dict[str, Any]) -> Job:
    """The job that ``job_body`` described."""
    return Job(
        spec=build(JobSpec, body["spec"]),
        node=body["node"],
        attempt=body["attempt"],
        first_rank=body["first_rank"],
        ranks=body["ranks"],
        state=build(JobState, body["state"]),
        number=number,
        last_line_at=body["last_line_at"],
    )
