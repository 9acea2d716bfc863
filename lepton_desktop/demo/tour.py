"""The main job end to end: lab, nodes, reward, two-node training, evaluation. Runs on the desk."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from lepton_desktop.client import EngineClient, find_engine
from lepton_desktop.client.watch import watch_run
from lepton_desktop.client.words import number_text, reward_terms, run_progress, run_returns
from lepton_desktop.demo import sweep
from lepton_desktop.demo.lab import DEFAULT_NODES, Lab
from lepton_desktop.demo.report import Report
from lepton_desktop.demo.window import Window, has_display
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, paths
from lepton_desktop.specs import RewardSpec, RunSpec, load
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow
from lepton_desktop.wire.node import State

ENVIRONMENT = "CartPole-v1"
REWARD = "cartpole-upright"
GOAL = 475.0
TRAINING_NODES = 2
TOTAL_STEPS = 100_000
EVALUATION_EPISODES = 100
STEPS = 7
NODE_SECONDS = 120.0
CLEAN_SECONDS = 10.0
PICTURES = Path("demo-output")


@dataclass(frozen=True)
class DemoOptions:
    """What the command line asks for."""

    headless: bool = False
    """Open no window; save pictures of it."""
    keep: bool = False
    """Keep the files."""
    nodes: int = DEFAULT_NODES
    pictures: Path | None = None
    """Where the pictures go; ``demo-output`` without one."""


@dataclass(frozen=True)
class Outcome:
    """How the demo ended."""

    row: RunRow
    left: list[str]
    """What of the job was still there after its end."""

    @property
    def is_good(self) -> bool:
        """The policy solves the task and nothing was left behind."""
        mean = self.row.result.get("eval/return_mean")
        return (
            self.row.state is State.SUCCEEDED
            and mean is not None
            and mean >= GOAL
            and not self.left
        )


def run_demo(options: DemoOptions) -> int:
    """Run the demo; 0 when the policy reached the goal and nothing was left behind."""
    _need_training_packages()
    report = Report(STEPS)
    signal.signal(signal.SIGTERM, _end_on_signal)
    for line in sweep.sweep_abandoned():
        report.say(f"Cleaned up: {line}")
    tag = sweep.own_tag()
    os.environ[sweep.TAG_VARIABLE] = tag  # everything that is started from here inherits it
    with _home(tag, options.keep, report) as where:
        os.environ["LEPTON_HOME"] = str(where.home)
        with _nothing_left(report), contextlib.ExitStack() as stack:
            outcome = _Demo(options, where, report, stack).run()
    return 0 if outcome.is_good else 1


class _Demo:
    """The steps, in order. What they open is closed by ``stack``, newest first."""

    def __init__(
        self, options: DemoOptions, where: Paths, report: Report, stack: contextlib.ExitStack
    ) -> None:
        self._options = options
        self._where = where
        self._report = report
        self._stack = stack
        self._visible = has_display() and not options.headless

    def run(self) -> Outcome:
        report = self._report
        with report.step("Start the engine"):
            client = self._engine()
        window = self._open_window() if self._visible else None
        with report.step(f"Bring up {self._options.nodes} SSH servers on loopback"):
            lab = self._lab()
        with report.step("Register the nodes, push the agent, wait for telemetry"):
            self._register(client, lab)
        with report.step(f"Load the reward function {REWARD}"):
            reward = self._reward(client)
        with report.step(f"Train PPO on {ENVIRONMENT}, {TRAINING_NODES} nodes, and evaluate"):
            row, window = self._train(client, lab, reward, window)
        with report.step("Verify that no process of the job is left"):
            left = _leftovers(row)
            report.detail("\n      ".join(left) or "nothing is left on any node")
        with report.step("Look at the window" if self._visible else "Save pictures of the window"):
            pictures = self._pictures(window)
        outcome = Outcome(row, left)
        report.summary(self._facts(outcome, pictures, _steps_per_second(client, row)))
        if self._visible and window is not None and window.is_open:
            report.say("\nThe window stays open; close it, or press ^C here, to end the demo.")
            window.wait_until_closed()
        return outcome

    def _engine(self) -> EngineClient:
        client = EngineClient.connect(self._where.home, role="demo", progress=self._report.detail)
        self._stack.callback(_stop_engine, self._where)
        self._stack.callback(client.close)
        self._report.detail(f"home {self._where.home}")
        return client

    def _open_window(self) -> Window:
        window = Window(self._where.home)
        self._stack.callback(window.close)
        return window

    def _lab(self) -> Lab:
        lab = self._stack.enter_context(Lab(self._where.home / "lab", self._options.nodes))
        for node in lab.nodes:
            spec = node.spec
            self._report.detail(f"{spec.name}: {spec.host}:{spec.port}  {node.fingerprint}")
        return lab

    def _register(self, client: EngineClient, lab: Lab) -> None:
        for node in lab.nodes:
            client.add_node(node.spec, accept_key=node.fingerprint)
        names = [node.spec.name for node in lab.nodes]
        for row in self._wait_for_nodes(client, names):
            host = row.sample.host if row.sample else None
            load = number_text(host.cpu_percent if host else None, 3)
            gpus = len(row.facts.gpus) if row.facts else 0
            self._report.detail(
                f"{row.name}: up, agent {row.agent_version}, CPU {load} %, {gpus} GPUs"
            )

    def _wait_for_nodes(self, client: EngineClient, names: list[str]) -> list[NodeRow]:
        rows: dict[str, NodeRow] = {}
        revision, deadline = 0, time.monotonic() + NODE_SECONDS
        while time.monotonic() < deadline:
            changes = client.changes(revision, ["nodes"], 1.0)
            revision = changes.revision
            rows |= {row.name: row for row in changes.nodes if row.name in names}
            for row in rows.values():
                if row.state is LinkState.BLOCKED:
                    raise LeptonError(f"{row.name}: {row.reason}", row.hint, row.code)
            ready = [row for row in rows.values() if row.state is LinkState.UP and row.sample]
            if len(ready) == len(names):
                return [rows[name] for name in names]
            steps = [f"{row.name} {row.step or row.state.value.lower()}" for row in rows.values()]
            self._report.progress(", ".join(steps))
        states = ", ".join(f"{row.name} {row.state.value} {row.reason}" for row in rows.values())
        raise LeptonError(f"The nodes are not up after {NODE_SECONDS:.0f} s: {states}.")

    def _reward(self, client: EngineClient) -> RewardSpec:
        reward = load(RewardSpec, client.reward(REWARD).spec)
        problems = client.check_reward(reward)
        if problems:
            raise LeptonError(f"{REWARD}: {problems[0].message}", problems[0].hint)
        for term in reward.terms:
            self._report.detail(f"{term.name}: {term.weight:+g} × {term.formula}")
        return reward

    def _train(
        self, client: EngineClient, lab: Lab, reward: RewardSpec, window: Window | None
    ) -> tuple[RunRow, Window]:
        spec = RunSpec(
            name="demo",
            environment=ENVIRONMENT,
            reward=reward,
            nodes=[node.spec.name for node in lab.nodes[:TRAINING_NODES]],
            total_steps=TOTAL_STEPS,
            evaluation_episodes=EVALUATION_EPISODES,
            device="cpu",
        )
        for step in client.plan(spec).steps:
            self._report.detail(f"{step.node}: rank {step.first_rank} on {step.devices[0]}")
        started = client.start_run(spec)
        self._stack.callback(_stop_run, client, started.run_id)
        if window is None:
            pictures = self._options.pictures or PICTURES
            window = Window(self._where.home, pictures.resolve())
            self._stack.callback(window.close)
        return self._follow(client, started.run_id), window

    def _follow(self, client: EngineClient, run_id: str) -> RunRow:
        row, said = client.run(run_id), ""
        for row, tasks in watch_run(client, run_id, timeout_seconds=1.0):
            word = f"{row.state.value.lower()} {row.phase}".strip()
            if word != said and not row.state.is_final:
                self._report.detail(word)
                said = word
            if row.step:
                self._report.progress(f"{run_progress(row)}  {run_returns(row)}")
            elif tasks:
                self._report.progress(f"{tasks[-1].title}: {tasks[-1].step}")
        self._report.detail(f"{run_progress(row)}  {run_returns(row)}")
        if row.state is not State.SUCCEEDED:
            raise _run_failed(client, row)
        return row

    def _pictures(self, window: Window) -> list[Path]:
        if self._visible:
            self._report.detail("it is open" if window.is_open else "it was closed")
            return []
        files = window.wait_for_pictures()
        for file in files:
            self._report.detail(str(file))
        return files

    def _facts(self, outcome: Outcome, pictures: list[Path], speed: float | None) -> dict[str, str]:
        row = outcome.row
        result, metrics = row.result, row.metrics
        mean, spread = result.get("eval/return_mean"), result.get("eval/return_std")
        episodes = result.get("eval/episodes", EVALUATION_EPISODES)
        verdict = "reached" if mean is not None and mean >= GOAL else "missed"
        terms = reward_terms(result, "eval/reward/") or reward_terms(metrics)
        return {
            "Evaluation": f"{number_text(mean)} ± {number_text(spread)} over {episodes:.0f} "
            f"episodes; the goal of {GOAL:g} is {verdict}",
            "Training": f"{row.step:,} steps on {', '.join(row.nodes)}, world size "
            f"{row.world_size}, {number_text(speed)} steps/s",
            "Reward terms": "  ".join(f"{name} {number_text(x)}" for name, x in terms.items()),
            "Left on nodes": ", ".join(outcome.left) or "nothing",
            "Pictures": ", ".join(map(str, pictures)) or "none, the window is open",
            "Files": f"{self._where.home}{'' if self._options.keep else ' (deleted at the end)'}",
        }


def _need_training_packages() -> None:
    missing = [name for name in ("torch", "gymnasium") if importlib.util.find_spec(name) is None]
    if missing:
        raise LeptonError(
            f"The demo trains on this computer, but {' and '.join(missing)} is not installed.",
            f"Install with: {sys.executable} -m pip install 'lepton-desktop[train]'",
            code="demo",
        )


def _end_on_signal(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


@contextlib.contextmanager
def _home(tag: str, keep: bool, report: Report) -> Iterator[Paths]:
    folder = sweep.make_folder("kept" if keep else tag)
    try:
        yield paths(folder).make()
    finally:
        if keep:
            report.say(f"Kept: {folder}. Look again with: LEPTON_HOME={folder} lepton-desktop")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _nothing_left(report: Report) -> Iterator[None]:
    """At the very end, whatever happened: end all that carries this demo's tag."""
    try:
        yield
    finally:
        started = sweep.tagged(sweep.TAG_VARIABLE, os.environ[sweep.TAG_VARIABLE])
        mine = [process for process in started if not _is_ancestor(process)]
        for process in sweep.end(mine):
            report.say(f"Process {process.pid} does not end.")


def _is_ancestor(process: psutil.Process) -> bool:
    return process in psutil.Process().parents()


def _leftovers(row: RunRow) -> list[str]:
    """Processes of the run's jobs, after a moment for the supervisors to end."""
    deadline = time.monotonic() + CLEAN_SECONDS
    while True:
        left = [
            f"pid {process.pid} of {job.job_id} on {job.node}"
            for job in row.jobs
            for process in sweep.tagged(sweep.JOB_VARIABLE, job.job_id)
        ]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def _steps_per_second(client: EngineClient, row: RunRow) -> float | None:
    """The median over the training."""
    found = client.metrics(row.run_id, ["time/steps_per_second"])
    known = [value for series in found for value in series.y if value is not None]
    return statistics.median(known) if known else None


def _run_failed(client: EngineClient, row: RunRow) -> LeptonError:
    logs = client.logs(row.run_id, limit=2000)
    tails = [f"{log.node}:\n{log.text.strip()}" for log in logs if log.text.strip()]
    hint = "\n".join([row.hint, *tails]).strip()
    return LeptonError(f"The training ended {row.state.value}: {row.reason}", hint, code="run")


def _stop_run(client: EngineClient, run_id: str) -> None:
    with contextlib.suppress(LeptonError):
        if not client.run(run_id).state.is_final:
            client.stop_run(run_id)
            for _ in watch_run(client, run_id):
                continue


def _stop_engine(where: Paths) -> None:
    address = find_engine(where)
    if address is None:
        return
    with contextlib.suppress(LeptonError), EngineClient.connect(where.home, start=False) as client:
        client.stop_engine()
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        psutil.Process(address.pid).wait(CLEAN_SECONDS)
