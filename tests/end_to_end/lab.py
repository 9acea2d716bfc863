"""A whole lab for a test: a real engine process and real nodes, spoken to through the client."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

from lepton_desktop.client import EngineClient
from lepton_desktop.settings import paths
from lepton_desktop.specs import NodeSpec, RewardSpec, RewardTerm, RunSpec
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow, Series
from lepton_desktop.wire.node import State

T = TypeVar("T")

UPRIGHT = RewardSpec(
    name="upright",
    environment="CartPole-v1",
    terms=[
        RewardTerm(name="alive", formula="1 - terminated"),
        RewardTerm(name="upright", formula="square(pole_angle / 0.2095)", weight=-0.3),
        RewardTerm(name="centred", formula="square(cart_position / 2.4)", weight=-0.3),
    ],
)


def wait_until(what: str, check: Callable[[], T], seconds: float = 60.0) -> T:
    """The first true answer of ``check``; fails with ``what`` after the given time."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}; last answer {answer!r}")
        time.sleep(0.1)
    return answer


class Lab:
    """One engine with its own home; ``client`` outlives a restart of the engine."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.client = EngineClient.connect(home)

    @property
    def engine_pid(self) -> int:
        return int(json.loads(paths(self.home).engine_file.read_text())["pid"])

    def kill_engine(self) -> None:
        """kill -9, as a crash does."""
        pid = self.engine_pid
        os.kill(pid, signal.SIGKILL)
        wait_until("engine gone", lambda: not is_running(pid), 10)

    def start_engine(self) -> None:
        self.client.close()
        self.client = EngineClient.connect(self.home)

    def close(self) -> None:
        for run in self.client.runs():
            if not run.state.is_final:
                self.client.stop_run(run.run_id)
                self.wait_for_end(run.run_id)
        pid = self.engine_pid
        self.client.stop_engine()
        wait_until("engine ended", lambda: not is_running(pid), 20)
        self.client.close()

    def add(self, spec: NodeSpec, fingerprint: str) -> NodeRow:
        self.client.add_node(spec, accept_key=fingerprint)
        return self.wait_for_link(spec.name, LinkState.UP)

    def wait_for_link(self, name: str, state: LinkState, seconds: float = 60) -> NodeRow:
        def reached() -> NodeRow | None:
            row = self.client.node(name)
            assert row.state is not LinkState.BLOCKED, row
            ready = row.state is state and (state is not LinkState.UP or row.python)
            return row if ready else None

        return wait_until(f"{name} is {state.value}", reached, seconds)

    def wait_for_this_computer(self) -> NodeRow:
        return self.wait_for_link("this-computer", LinkState.UP)

    def start(self, **values: object) -> RunRow:
        fields: dict[str, object] = {"name": "test", "total_steps": 40_000, **values}
        return self.client.start_run(RunSpec(**fields))  # type: ignore[arg-type]

    def wait_for_metrics(self, run_id: str, more_than: int = 0, seconds: float = 90) -> RunRow:
        def grown() -> RunRow | None:
            row = self.client.run(run_id)
            assert row.state is not State.FAILED, row
            return row if row.metric_count > more_than else None

        return wait_until("metrics arrive", grown, seconds)

    def wait_for_end(self, run_id: str, seconds: float = 240) -> RunRow:
        def ended() -> RunRow | None:
            row = self.client.run(run_id)
            return row if row.state.is_final else None

        return wait_until("the run ends", ended, seconds)

    def stored_points(self, run_id: str) -> list[tuple[str, int, float | None]]:
        """Every stored point (key, step, value), sorted, doubles kept."""
        series: list[Series] = self.client.metrics(run_id)
        return sorted(
            (
                (one.key, int(step), value)
                for one in series
                for step, value in zip(one.x, one.y, strict=True)
            ),
            key=str,
        )


def written_points(node_home: Path, run_id: str) -> list[tuple[str, int, float | None]]:
    """What the jobs of a run wrote into their ``metrics.jsonl``, sorted the same way."""
    found = []
    for file in node_home.glob(f"jobs/{run_id}*/metrics.jsonl"):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            found += [(key, int(entry["step"]), value) for key, value in entry["m"].items()]
    return sorted(found, key=str)


def is_running(pid: int) -> bool:
    """A zombie does not run."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def processes_of(run_id: str) -> list[psutil.Process]:
    """Every process of this machine whose environment carries a job id of the run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("LEPTON_JOB_ID", "").startswith(run_id):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if is_running(process.pid)]


def this_python() -> str:
    """The interpreter with torch, for jobs."""
    return sys.executable
