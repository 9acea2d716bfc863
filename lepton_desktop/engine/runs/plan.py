"""The exact commands of a run, computed before anything is done. Runs in the engine; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lepton_desktop.engine.runs.network import Meeting
from lepton_desktop.engine.runs.placement import Devices, Seat
from lepton_desktop.engine.runs.records import EVALUATE, TRAIN, Job, Run
from lepton_desktop.specs import EvaluateSpec, RunSpec, TrainSpec
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Plan, PlanStep
from lepton_desktop.wire.node import JobSpec

RUNTIME = "lepton_desktop.runtime"
TRAIN_FILE, EVALUATE_FILE = "train.json", "evaluate.json"


@dataclass(frozen=True)
class Code:
    """What is pushed to every node, as folders relative to the node home."""

    runtime: str
    plugins: Mapping[str, str] = field(default_factory=dict)
    """Plug-in id to folder."""

    def plugin_folders(self, home: str) -> list[str]:
        """Absolute folders of the plug-ins on a node."""
        return [f"{home}/{folder}" for folder in self.plugins.values()]


@dataclass(frozen=True)
class Layout:
    """Everything a plan follows from, apart from the run itself."""

    seats: Sequence[Seat]
    devices: Devices
    meeting: Meeting
    code: Code


def plan(spec: RunSpec, layout: Layout, port: int = 0) -> Plan:
    """What will run where; ``port`` 0 in a dry run."""
    world_size = sum(seat.ranks for seat in layout.seats)
    steps = [_step(layout, index, world_size, port) for index in range(len(layout.seats))]
    return Plan(
        world_size=world_size,
        backend=layout.devices.backend,
        master_address=layout.meeting.address,
        master_port=port,
        steps=steps,
        warnings=[*layout.devices.warnings, *layout.meeting.warnings],
    )


def _step(layout: Layout, index: int, world_size: int, port: int) -> PlanStep:
    seat, code = layout.seats[index], layout.code
    work = ["-m", RUNTIME, "train", f"{{job}}/{TRAIN_FILE}"]
    argv = [seat.row.python, *work]
    if world_size > 1:
        argv = [seat.row.python, *_torchrun(layout, index, port), *work]
    return PlanStep(
        node=seat.node,
        first_rank=seat.first_rank,
        ranks=seat.ranks,
        devices=_devices(layout, index),
        argv=argv,
        env=_environment(layout, index, world_size),
        files=[TRAIN_FILE, code.runtime, *code.plugins.values()],
    )


def _torchrun(layout: Layout, index: int, port: int) -> list[str]:
    return [
        *("-m", "torch.distributed.run"),
        *("--nnodes", str(len(layout.seats))),
        *("--node-rank", str(index)),
        *("--nproc-per-node", str(layout.seats[index].ranks)),
        *("--master-addr", layout.meeting.address),
        *("--master-port", str(port)),
        *("--max-restarts", "0"),
        *("--log-dir", "{job}/torchrun"),  # else it leaves folders in /tmp
    ]


def _environment(layout: Layout, index: int, world_size: int) -> dict[str, str]:
    seat = layout.seats[index]
    env = {"PYTHONPATH": f"{seat.hello.home}/{layout.code.runtime}", "OMP_NUM_THREADS": "1"}
    interface = layout.meeting.interfaces[index]
    if world_size > 1 and interface:
        env |= {"GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}
    return env


def _devices(layout: Layout, index: int) -> list[str]:
    seat = layout.seats[index]
    if layout.devices.device == "cpu":
        return ["cpu"] * seat.ranks
    return [f"cuda:{seat.gpus[rank % len(seat.gpus)]}" for rank in range(seat.ranks)]


def train_jobs(run: Run, layout: Layout, settled: Plan, attempt: int) -> list[Job]:
    """The jobs that carry out a settled plan."""
    return [
        _train_job(run, layout, seat, step, f"{run.run_id}-{attempt}-{index}")
        for index, (seat, step) in enumerate(zip(layout.seats, settled.steps, strict=True))
    ]


def _train_job(run: Run, layout: Layout, seat: Seat, step: PlanStep, job_id: str) -> Job:
    task = TrainSpec(
        run_id=run.run_id,
        environment=run.environment,
        algorithm=run.spec.algorithm,
        options=run.spec.options,
        reward=run.spec.reward,
        total_steps=run.spec.total_steps,
        seed=run.spec.seed,
        device=layout.devices.device,
        backend=layout.devices.backend,
        checkpoint_every_steps=run.spec.checkpoint_every_steps,
        plugin_folders=layout.code.plugin_folders(seat.hello.home),
    )
    spec = JobSpec(
        job_id=job_id,
        kind=TRAIN,
        argv=step.argv,
        env=step.env,
        files={TRAIN_FILE: _text(task)},
        run_id=run.run_id,
    )
    return Job(spec, seat.node, run.state.attempt, step.first_rank, step.ranks)


def evaluate_job(run: Run, first: Job, home: str, checkpoint: str) -> Job:
    """The job that tries the trained policy, with the Python and code of its training."""
    trained = json.loads(first.spec.files[TRAIN_FILE])
    task = EvaluateSpec(
        run_id=run.run_id,
        environment=run.environment,
        checkpoint=f"{home}/jobs/{first.job_id}/checkpoints/{checkpoint}",
        episodes=run.spec.evaluation_episodes,
        reward=run.spec.reward,
        plugin_folders=trained.get("plugin_folders", []),
    )
    spec = JobSpec(
        job_id=f"{run.run_id}-{run.state.attempt}-evaluate",
        kind=EVALUATE,
        argv=[first.spec.argv[0], "-m", RUNTIME, "evaluate", f"{{job}}/{EVALUATE_FILE}"],
        env={name: first.spec.env[name] for name in ("PYTHONPATH", "OMP_NUM_THREADS")},
        files={EVALUATE_FILE: _text(task)},
        run_id=run.run_id,
    )
    return Job(spec, first.node, run.state.attempt, 0, 1)


def _text(task: TrainSpec | EvaluateSpec) -> str:
    return json.dumps(dump(task), indent=1) + "\n"
