"""Generated rows of a lab: nodes with loads, runs with curves; the same for the same seed."""

from __future__ import annotations

import dataclasses
import math
import random
import time

from lepton_desktop.specs import RewardSpec, RewardTerm, RunSpec
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import (
    ActivityRow,
    EngineStatus,
    JobRow,
    LinkState,
    NodeRow,
    RunRow,
    Series,
)
from lepton_desktop.wire.node import (
    GpuColumns,
    GpuFacts,
    HostSample,
    InterfaceFacts,
    NodeFacts,
    PythonEnvironment,
    Sample,
    State,
)

GB = 1024**3
KEY_A = "SHA256:9fK2mQvU0bq3tPz7sYwRk1nXcVb5hJ8gLdEaT4uQc1Qw"
KEY_B = "SHA256:Zr8wP1xNqL6vB2yHsD9kMfT3cG7jAeU5oRiK0lJ4hVgE"

REWARD = RewardSpec(
    "cartpole-upright",
    "CartPole-v1",
    [
        RewardTerm("upright", "1 - abs(pole_angle) / 0.2095", 1.0),
        RewardTerm("centred", "1 - abs(cart_position) / 2.4", 0.3),
        RewardTerm("effort", "abs(pole_velocity)", -0.05, kind="penalty"),
    ],
)
TERMS = {"upright": 1.0, "centred": 0.28, "effort": -0.06}


def facts(gpus: int, model: str = "NVIDIA A100-SXM4-80GB", threads: int = 64) -> NodeFacts:
    """What a node with so many accelerators is."""
    return NodeFacts(
        os="Ubuntu 24.04.1 LTS",
        kernel="6.8.0-45",
        architecture="x86_64",
        cpu_model="AMD EPYC 7763 64-Core Processor",
        cpu_count=threads,
        memory_bytes=512 * GB,
        disk_total_bytes=3_600 * GB,
        disk_free_bytes=1_900 * GB,
        user="lab",
        uptime_seconds=3_542_400.0,
        interfaces=[InterfaceFacts("eth0", "10.4.1.17"), InterfaceFacts("ib0", "10.9.1.17")],
        gpus=[GpuFacts(i, "nvidia", model, 80 * GB, "575.57", f"GPU-{i:08x}") for i in range(gpus)],
        reasons={} if gpus else {"gpus": "No NVIDIA driver is loaded."},
    )


def sample(rng: random.Random, gpus: int, threads: int = 64) -> Sample:
    """One reading."""
    load = rng.uniform(20, 90)
    busy = [rng.choice((0.0, rng.uniform(60, 99), rng.uniform(80, 99))) for _ in range(gpus)]
    return Sample(
        time=time.time(),
        host=HostSample(
            cpu_percent=load,
            cpu_per_core=[int(min(100, max(0, rng.gauss(load, 25)))) for _ in range(threads)],
            load_1m=load * threads / 100,
            memory_used_bytes=int(rng.uniform(60, 400) * GB),
            memory_total_bytes=512 * GB,
            disk_free_bytes=1_900 * GB,
            disk_total_bytes=3_600 * GB,
            disk_read_bytes_per_second=int(rng.uniform(0, 4e8)),
            disk_write_bytes_per_second=int(rng.uniform(0, 2e8)),
            network_receive_bytes_per_second=int(rng.uniform(0, 2e9)),
            network_send_bytes_per_second=int(rng.uniform(0, 2e9)),
            temperature_celsius=rng.uniform(40, 70),
        ),
        gpu=GpuColumns(
            utilisation_percent=list(busy),
            memory_used_bytes=[int((5 + 70 * value / 100) * GB) for value in busy],
            power_watts=[60 + 3.2 * value for value in busy],
            power_limit_watts=[400.0] * gpus,
            temperature_celsius=[35 + 0.45 * value for value in busy],
            fan_percent=[],
            sm_clock_mhz=[1410] * gpus,
        ),
    )


READY = PythonEnvironment(
    "/opt/rl/bin/python", "3.12.4", "venv", "2.13.0", "1.4.0", "2.4.6", "12.9"
)
BARE = PythonEnvironment(
    "/usr/bin/python3", "3.10.12", "system", problem="torch and gymnasium are not installed."
)


def node(name: str, gpus: int = 8, rng: random.Random | None = None, **changes: object) -> NodeRow:
    """A node that is up and ready."""
    rng = rng or random.Random(name)
    row = NodeRow(
        name=name,
        address=f"lab@10.4.1.{rng.randrange(10, 250)}:22",
        state=LinkState.UP,
        tags=["robotics"] if gpus else ["cpu"],
        host_key=KEY_A,
        key_algorithm="ssh-ed25519",
        agent_version="0.1.0",
        facts=facts(gpus),
        sample=sample(rng, gpus),
        sample_age_at=time.time(),
        environments=[READY, BARE],
        python=READY.path,
    )
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def this_computer(**changes: object) -> NodeRow:
    """The node that always exists."""
    row = node("this-computer", 0, address="this computer", host_key="", key_algorithm="")
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def lab(count: int, gpus: int = 8, seed: int = 7) -> list[NodeRow]:
    """This computer and ``count`` nodes in four groups, some of them in trouble."""
    rng = random.Random(seed)
    rows = [this_computer()]
    for place in range(count):
        group, size = (("gpu-a", gpus), ("gpu-b", max(gpus // 2, 0)), ("edge", 1), ("cpu", 0))[
            min(3, place * 10 // max(count, 1) // 3)
        ]
        rows.append(node(f"{group}-{place + 1:02d}", size, rng))
    return [_trouble(row, place) for place, row in enumerate(rows)]


def _trouble(row: NodeRow, place: int) -> NodeRow:
    now = time.time()
    if place == 3:
        return dataclasses.replace(row, drained=True, drain_reason="Fan replacement")
    if place == 9:
        return dataclasses.replace(
            row,
            state=LinkState.RECONNECTING,
            reason="No answer from the node for 10 s.",
            code="link_down",
            retry_at=now + 14,
            sample_age_at=now - 240,
        )
    if place == 14:
        return blocked(row)
    if place == 17:
        return dataclasses.replace(
            row, python="", python_problem="No Python on this node has torch.", environments=[BARE]
        )
    if place == 21:
        return dataclasses.replace(
            row, state=LinkState.CONNECTING, step="Pushing the agent", sample=None
        )
    return row


def blocked(row: NodeRow, changed: bool = True) -> NodeRow:
    """The node shows a host key that is not the pinned one, or was never pinned."""
    return dataclasses.replace(
        row,
        state=LinkState.BLOCKED,
        reason="The host key changed." if changed else "The host key is not known yet.",
        hint=(
            "Ask who reinstalled the node; compare both fingerprints."
            if changed
            else "Compare the fingerprint with the one on the node, then trust it."
        ),
        code="host_key_changed" if changed else "host_key_unknown",
        host_key=KEY_A if changed else "",
        offered_key=KEY_B,
        key_algorithm="ssh-ed25519",
        sample=None,
        sample_age_at=None,
    )


def learning_curve(step: int, ceiling: float = 500.0, seed: int = 0) -> float:
    """A return that grows and wobbles."""
    rng = random.Random(seed * 1_000_003 + step)
    level = ceiling / (1 + math.exp(-(step / 100_000 - 0.35) * 11)) + rng.gauss(0, ceiling * 0.03)
    return max(9.0, min(ceiling, level))


def metrics(step: int, seed: int = 0) -> dict[str, float]:
    """Everything that a training logs at one step."""
    rng = random.Random(seed + step)
    objective = learning_curve(step, seed=seed)
    share = step / 100_000
    found = {
        "rollout/return_mean": objective * 1.22,
        "rollout/length_mean": objective,
        "objective/return_mean": objective,
        "train/policy_loss": -0.02 * math.exp(-2 * share) + rng.gauss(0, 0.002),
        "train/value_loss": 40 * math.exp(-3 * share) + rng.random(),
        "train/entropy": 0.69 * math.exp(-0.9 * share) + rng.gauss(0, 0.005),
        "train/approx_kl": 0.008 + rng.gauss(0, 0.002),
        "train/clip_fraction": 0.1,
        "train/explained_variance": min(0.99, share),
        "train/learning_rate": 1e-3 * (1 - min(1.0, share)),
        "time/steps_per_second": 9_400 + rng.gauss(0, 300),
        "time/sync_fraction": 0.06,
    }
    return found | {f"reward/{name}": factor * objective for name, factor in TERMS.items()}


STEP = 1024


def run(number: int, state: State = State.RUNNING, step: int = 61_440, **changes: object) -> RunRow:
    """A run of CartPole that has come so far."""
    now = time.time()
    nodes = ["gpu-a-01", "gpu-a-02"]
    spec = RunSpec(f"cartpole-r{number}", reward=REWARD, nodes=nodes, seed=number)
    final = state.is_final
    row = RunRow(
        run_id=f"run-{number:04d}",
        name=spec.name,
        number=number,
        state=state,
        spec=dump(spec),
        created=now - 600 - number,
        started=now - 420,
        ended=now - 30 if final else None,
        phase="" if final else "training",
        attempt=1,
        world_size=2,
        nodes=nodes,
        step=step,
        total_steps=100_000,
        seconds_left=None if final else 42.0,
        metrics=metrics(step, number) if step else {},
        metric_count=step // STEP,
        checkpoint="/home/lab/runs/step_40000.pt" if step > 40_000 else "",
        jobs=[
            JobRow(
                f"job-{number}-{rank}",
                f"run-{number:04d}",
                name,
                "train",
                1,
                rank,
                1,
                state,
                pid=41_200 + rank,
                started=now - 420,
                last_line_at=now,
            )
            for rank, name in enumerate(nodes)
        ],
    )
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


RESULT = {
    "eval/return_mean": 500.0,
    "eval/return_std": 0.0,
    "eval/return_min": 500.0,
    "eval/return_max": 500.0,
    "eval/length_mean": 500.0,
    "eval/episodes": 100.0,
}


def some_runs() -> list[RunRow]:
    """One of each kind, newest last."""
    return [
        run(1, State.SUCCEEDED, 100_000, result=RESULT, phase=""),
        run(
            2,
            State.FAILED,
            20_480,
            reason="Rank 1 ended with code 1: NaN in the reward term 'effort'.",
            hint="Look at the log of gpu-a-02; clip the term.",
        ),
        run(3, State.CANCELLED, 40_960, reason="Stopped by the operator."),
        run(4),
        run(5, step=30_720),
        run(6, State.STARTING, 0, phase=""),
    ]


def metric_series(row: RunRow, keys: list[str], x_from: float | None) -> list[Series]:
    """The stored points of a run."""
    steps = list(range(STEP, row.metric_count * STEP + 1, STEP))
    if x_from is not None:
        steps = [step for step in steps if step >= x_from]
    points = {step: metrics(step, row.number) for step in steps}
    began = row.started or 0.0
    wanted = keys or sorted(metrics(STEP))
    return [
        Series(
            key,
            [float(step) for step in steps],
            [points[step].get(key) for step in steps],
            [began + step / 240 for step in steps],
            count=len(steps),
        )
        for key in wanted
    ]


def telemetry_series(keys: list[str], seconds: float, width: int, seed: str) -> list[Series]:
    """Smooth made-up telemetry with a gap in the middle."""
    now = time.time()
    count = max(2, min(width or 300, 300))
    found = []
    for key in keys:
        rng = random.Random(seed + key)
        scale = 1e9 if "bytes" in key else 320.0 if "watts" in key else 90.0
        phase = rng.random() * 6
        y: list[float | None] = [
            scale * (0.55 + 0.25 * math.sin(phase + i / 17) + rng.gauss(0, 0.02))
            for i in range(count)
        ]
        x = [now - seconds * (count - 1 - i) / (count - 1) for i in range(count)]
        found.append(Series(key, x, y, count=count))
    return found


def activity() -> list[ActivityRow]:
    """What happened lately."""
    now = time.time()
    return [
        ActivityRow(1, now - 900, "lab", "Node added", "gpu-a-01"),
        ActivityRow(2, now - 620, "lab", "Run started", "cartpole-r4", "2 ranks on 2 nodes"),
        ActivityRow(3, now - 240, "engine", "Link lost", "gpu-a-09", "no answer", "warning"),
        ActivityRow(4, now - 60, "engine", "Run failed", "cartpole-r2", "code 1", "error"),
        ActivityRow(5, now - 30, "engine", "Run finished", "cartpole-r1", "return 500.0"),
    ]


def engine_status(nodes: int = 0) -> EngineStatus:
    """The engine itself."""
    now = time.time()
    return EngineStatus("0.1.0", 4242, "/home/lab/.local/share/lepton-desktop", now - 5000, nodes,
                        nodes, 2, 18_400_000)  # fmt: skip
