"""What an engine tells its clients (window, CLI, scripts). Standard library only.

Records are whole rows: a client replaces the old one by key. ``changes.next`` carries them.
Method names and their params are listed in ``ENGINE_METHODS``.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Optional

from lepton_desktop.wire.node import NodeFacts, PythonEnvironment, Sample, State


class LinkState(str, enum.Enum):
    """What the engine knows of a node."""

    CONNECTING = "CONNECTING"
    UP = "UP"
    RECONNECTING = "RECONNECTING"
    """The link was lost or refused; ``retry_at`` says when the next try begins."""
    BLOCKED = "BLOCKED"
    """Needs the operator: host key, login, Python. ``code`` and ``hint`` say what."""


@dataclass(frozen=True)
class NodeRow:
    """One registered node. Key: ``name``."""

    name: str
    address: str
    """``user@host:port``, or ``this computer``."""
    state: LinkState
    reason: str = ""
    hint: str = ""
    code: str = ""
    """The LeptonError code behind ``reason``: ``host_key_unknown``, ``login_refused`` …"""
    retry_at: Optional[float] = None
    tags: list[str] = field(default_factory=list)
    group: str = ""
    drained: bool = False
    drain_reason: str = ""
    host_key: str = ""
    """``SHA256:…`` of the pinned key."""
    offered_key: str = ""
    """``SHA256:…`` of the key that the node showed, when it is unknown or changed."""
    key_algorithm: str = ""
    agent_version: str = ""
    step: str = ""
    """What happens while CONNECTING: "Checking the host key", "Pushing the agent" …"""
    clock_skew_seconds: Optional[float] = None
    facts: Optional[NodeFacts] = None
    sample: Optional[Sample] = None
    sample_age_at: Optional[float] = None
    """When the engine received ``sample``, epoch seconds on the engine's clock."""
    environments: list[PythonEnvironment] = field(default_factory=list)
    python: str = ""
    """The chosen interpreter for jobs; empty when none is fit."""
    python_problem: str = ""
    jobs_running: int = 0


@dataclass(frozen=True)
class JobRow:
    """One job of a run on one node. Key: ``job_id``."""

    job_id: str
    run_id: str
    node: str
    kind: str
    attempt: int
    first_rank: int
    ranks: int
    state: State
    reason: str = ""
    pid: Optional[int] = None
    exit_code: Optional[int] = None
    started: Optional[float] = None
    ended: Optional[float] = None
    last_line_at: Optional[float] = None


@dataclass(frozen=True)
class RunRow:
    """One run. Key: ``run_id``."""

    run_id: str
    name: str
    number: int
    """Counts up from 1 in one store; picks the series colour for life."""
    state: State
    spec: dict[str, Any]
    """A RunSpec."""
    created: float
    reason: str = ""
    hint: str = ""
    phase: str = ""
    """``training`` or ``evaluating`` while active."""
    started: Optional[float] = None
    ended: Optional[float] = None
    attempt: int = 0
    world_size: int = 0
    nodes: list[str] = field(default_factory=list)
    step: int = 0
    total_steps: int = 0
    seconds_left: Optional[float] = None
    metrics: dict[str, float] = field(default_factory=dict)
    """Newest value of every metric key."""
    metric_count: int = 0
    """Grows with every stored point; a client asks for the new ones when it changed."""
    result: dict[str, float] = field(default_factory=dict)
    """Of the evaluation: ``eval/return_mean`` …"""
    checkpoint: str = ""
    """Path of the newest checkpoint kept by the engine."""
    jobs: list[JobRow] = field(default_factory=list)


@dataclass(frozen=True)
class TaskRow:
    """Something long that the engine does (push, connect, collect). Key: ``task_id``."""

    task_id: str
    title: str
    step: str = ""
    fraction: Optional[float] = None
    node: str = ""
    run_id: str = ""


@dataclass(frozen=True)
class ActivityRow:
    """One line of the activity log. Key: ``id``."""

    id: int
    time: float
    who: str
    what: str
    where: str = ""
    detail: str = ""
    level: str = "info"
    """``info``, ``warning`` or ``error``."""


@dataclass(frozen=True)
class EngineStatus:
    """The engine itself. Topic ``engine``, one row."""

    version: str
    pid: int
    home: str
    started: float
    nodes: int = 0
    links_up: int = 0
    runs_active: int = 0
    store_bytes: int = 0


@dataclass(frozen=True)
class Changes:
    """Answer of ``changes.next``.

    ``reset`` true: forget every row, this is the whole picture. ``removed`` maps a topic to keys.
    """

    revision: int
    reset: bool = False
    nodes: list[NodeRow] = field(default_factory=list)
    runs: list[RunRow] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)
    activity: list[ActivityRow] = field(default_factory=list)
    engine: list[EngineStatus] = field(default_factory=list)
    removed: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """Points of one quantity, for a plot."""

    key: str
    x: list[float]
    """Epoch seconds (telemetry) or environment steps (metrics)."""
    y: list[Optional[float]]
    """None is a gap."""
    time: list[float] = field(default_factory=list)
    """Epoch seconds of each metric point; empty for telemetry."""
    count: int = 0
    """Points in the range before decimation."""
    decimated: bool = False


@dataclass(frozen=True)
class LogText:
    """Answer of ``runs.logs``: the tail of one job's output."""

    job_id: str
    node: str
    text: str
    offset: int
    """Logical offset of the first byte of ``text``; ask for the part before it with ``before``."""


@dataclass(frozen=True)
class PlanStep:
    """One command of a plan: exactly what will run, where."""

    node: str
    first_rank: int
    ranks: int
    devices: list[str]
    """``cpu`` or ``cuda:0`` …, one a rank."""
    argv: list[str]
    env: dict[str, str]
    files: list[str]


@dataclass(frozen=True)
class Plan:
    """What ``runs.plan`` answers; the same value is what gets executed."""

    world_size: int
    backend: str
    master_address: str
    master_port: int
    """0 in a dry run: the port is taken when the run starts."""
    steps: list[PlanStep]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RewardRow:
    """One reward function in the library."""

    name: str
    environment: str
    version: str
    """First 12 hex digits of the content hash."""
    source: str
    """``shipped``, ``plugin`` or ``user``."""
    spec: dict[str, Any] = field(default_factory=dict)
    """A RewardSpec."""


@dataclass(frozen=True)
class Problem:
    """One finding of a check, with a place and a next step."""

    where: str
    message: str
    hint: str = ""
    column: Optional[int] = None
    level: str = "error"


@dataclass(frozen=True)
class Check:
    """One line of ``doctor``: ``ok``, ``warning`` or ``error``."""

    name: str
    level: str
    message: str
    hint: str = ""
    node: str = ""


ENGINE_METHODS: dict[str, str] = {
    "session.open": "{token, client: str} → EngineStatus; must come first",
    "engine.status": "{} → EngineStatus",
    "engine.stop": "{} → {}; jobs on nodes go on",
    "changes.next": "{revision: int, topics: [str], timeout_seconds: float} → Changes",
    "nodes.list": "{} → {nodes: [NodeRow]}",
    "nodes.show": "{name} → NodeRow",
    "nodes.add": (
        "{spec: NodeSpec, password?: str, passphrase?: str, accept_key?: 'SHA256:…'} → NodeRow"
    ),
    "nodes.edit": "{name, changes: {field: value}} → NodeRow",
    "nodes.remove": "{name} → {spec: NodeSpec}; the spec restores it",
    "nodes.trust": "{name, fingerprint} → NodeRow; pins the offered key if it still is that one",
    "nodes.login": "{name, password?: str, passphrase?: str} → NodeRow; kept in memory only",
    "nodes.reconnect": "{name} → NodeRow; tries now",
    "nodes.drain": "{name, reason} → NodeRow",
    "nodes.resume": "{name} → NodeRow",
    "nodes.processes": "{name} → {processes: [ProcessInfo]}",
    "nodes.environments": "{name, refresh: bool} → {environments: [PythonEnvironment]}",
    "nodes.check": "{name?} → {checks: [Check]}; what doctor shows, all nodes without a name",
    "telemetry.series": (
        "{name, keys: [str], seconds: float, width: int} → {series: [Series]}; keys are fields "
        "of HostSample ('host.cpu_percent') and GpuColumns ('gpu.utilisation_percent' is the mean, "
        "'gpu.0.utilisation_percent' one device)"
    ),
    "telemetry.cluster": "{keys, seconds, width} → {series: [Series]}; mean over nodes that report",
    "runs.list": "{} → {runs: [RunRow]}",
    "runs.show": "{run_id} → RunRow; a unique prefix or the name will do",
    "runs.plan": "{spec: RunSpec} → Plan",
    "runs.start": "{spec: RunSpec} → RunRow",
    "runs.stop": "{run_id} → RunRow; answers at once, the row shows STOPPING",
    "runs.rerun": "{run_id} → RunRow; the same spec again",
    "runs.remove": "{run_id} → {}; finished runs only",
    "runs.metrics": (
        "{run_id, keys: [str], width: int, x_from?: float, x_to?: float} → {series: [Series]}; "
        "empty keys: all; width 0: exact"
    ),
    "runs.logs": "{run_id, job_id?: str, before?: int, limit: int} → {logs: [LogText]}",
    "runs.events": "{run_id} → {events: [{t, kind, text, step?}]}",
    "rewards.list": "{} → {rewards: [RewardRow]}",
    "rewards.show": "{name} → RewardRow",
    "rewards.check": "{spec: RewardSpec} → {problems: [Problem]}",
    "rewards.save": "{spec: RewardSpec} → RewardRow",
    "environments.list": "{} → {environments: [EnvironmentSpec]}",
    "plugins.list": "{} → {plugins: [PluginInfo]}",
    "activity.list": "{limit: int} → {activity: [ActivityRow]}",
}
