"""What the overview adds up: tiles, groups of the fleet, what needs a hand. Pure functions.

Runs in the window. Every function takes rows and a moment and touches nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models import run_reading
from lepton_desktop.gui.models.node_table import natural
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.wire.desk import LinkState, NodeRow, RunRow
from lepton_desktop.wire.node import State

BUSY_FRACTION = 0.05
"""An accelerator above this load is busy."""
DISK_FULL_FRACTION = 0.95


@dataclass(frozen=True)
class NodeCounts:
    """Nodes by what the operator would say of them."""

    total: int = 0
    up: int = 0
    draining: int = 0
    connecting: int = 0
    down: int = 0


def count_nodes(nodes: Iterable[NodeRow]) -> NodeCounts:
    """Every node falls into exactly one of up, draining, connecting, down."""
    up = draining = connecting = down = total = 0
    for row in nodes:
        total += 1
        if row.state in (LinkState.BLOCKED, LinkState.RECONNECTING):
            down += 1
        elif row.state is LinkState.CONNECTING:
            connecting += 1
        elif row.drained:
            draining += 1
        else:
            up += 1
    return NodeCounts(total, up, draining, connecting, down)


@dataclass(frozen=True)
class Load:
    """Sums over the nodes that report."""

    gpus: int = 0
    gpus_busy: int = 0
    gpu_mean: float | None = None
    cpu_mean: float | None = None
    cpu_threads: int = 0
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None


def add_up(nodes: Iterable[NodeRow]) -> Load:
    """The lab's load; nodes that do not report are left out, not counted as idle."""
    live = [row for row in nodes if row.state is LinkState.UP and row.sample is not None]
    loads = [load for row in live for load in reading.gpu_utilisation(row)]
    hosts = [row.sample.host for row in live if row.sample is not None]
    memory = [
        (host.memory_used_bytes, host.memory_total_bytes)
        for host in hosts
        if host.memory_used_bytes is not None and host.memory_total_bytes is not None
    ]
    power = reading.known(reading.power_watts(row) for row in live)
    limits = [
        limit
        for row in live
        if row.sample is not None
        for limit in reading.known(row.sample.gpu.power_limit_watts)
    ]
    return Load(
        gpus=sum(reading.gpu_count(row) for row in live),
        gpus_busy=sum(load is not None and load > BUSY_FRACTION for load in loads),
        gpu_mean=reading.mean(loads),
        cpu_mean=reading.mean(reading.cpu_fraction(row) for row in live),
        cpu_threads=sum(row.facts.cpu_count for row in live if row.facts is not None),
        memory_used_bytes=sum(used for used, _ in memory) if memory else None,
        memory_total_bytes=sum(total for _, total in memory) if memory else None,
        power_watts=sum(power) if power else None,
        power_limit_watts=sum(limits) if limits else None,
    )


@dataclass(frozen=True)
class RunCounts:
    """Runs by what the operator would say of them."""

    running: int = 0
    waiting: int = 0
    failed: int = 0
    finished: int = 0


def count_runs(runs: Iterable[RunRow]) -> RunCounts:
    """Every run falls into exactly one; cancelled ones count as finished."""
    running = waiting = failed = finished = 0
    for run in runs:
        if run.state in (State.PENDING, State.STARTING):
            waiting += 1
        elif run_reading.is_active(run):
            running += 1
        elif run.state is State.FAILED:
            failed += 1
        else:
            finished += 1
    return RunCounts(running, waiting, failed, finished)


@dataclass(frozen=True)
class Group:
    """Nodes that the fleet grid draws together, in name order so that none ever moves."""

    name: str
    hardware: str
    nodes: list[NodeRow] = field(default_factory=list)


def groups(nodes: Iterable[NodeRow]) -> list[Group]:
    """The fleet by group; those with most accelerators a node first, then by name."""
    found: dict[str, list[NodeRow]] = {}
    for row in nodes:
        found.setdefault(reading.group_of(row), []).append(row)
    made = [
        Group(name, _common_hardware(rows), sorted(rows, key=lambda row: natural(row.name)))
        for name, rows in found.items()
    ]
    return sorted(made, key=lambda group: (-_most_gpus(group.nodes), natural(group.name)))


def _most_gpus(rows: list[NodeRow]) -> int:
    return max(reading.gpu_count(row) for row in rows)


def _common_hardware(rows: list[NodeRow]) -> str:
    counts = Counter(line for line in map(reading.hardware_line, rows) if line)
    return max(counts, key=lambda line: (counts[line], line)) if counts else ""


@dataclass(frozen=True)
class Attention:
    """One thing that waits for the operator, with the one action that helps."""

    key: str
    kind: str
    """``node`` or ``run``."""
    title: str
    detail: str
    level: str
    """``error`` or ``warning``."""
    action: str
    """``trust``, ``login``, ``retry`` or ``open``."""
    since: float | None = None
    retry_at: float | None = None


NODE_ACTIONS = {
    "host_key_unknown": "trust",
    "host_key_changed": "trust",
    "login_refused": "login",
    "login_needed": "login",
    "passphrase_needed": "login",
}


def attention(nodes: Iterable[NodeRow], runs: Iterable[RunRow]) -> list[Attention]:
    """Blocked nodes, then lost ones, failed runs (newest first), then what is merely odd."""
    rows = sorted(nodes, key=lambda row: natural(row.name))
    found = [_blocked(row) for row in rows if row.state is LinkState.BLOCKED]
    found += [_lost(row) for row in rows if row.state is LinkState.RECONNECTING]
    ill = [run for run in runs if run_reading.needs_attention(run)]
    ill.sort(key=lambda run: -(run.ended or run.created))
    found += [_ill_run(run) for run in ill]
    found += [_full_disk(row) for row in rows if _is_full(row)]
    return found


def _blocked(row: NodeRow) -> Attention:
    action = NODE_ACTIONS.get(row.code, "retry")
    detail = " ".join(part for part in (row.reason, row.hint) if part)
    return Attention(row.name, "node", row.name, plain(detail), "error", action)


def _lost(row: NodeRow) -> Attention:
    return Attention(
        row.name,
        "node",
        row.name,
        plain(row.reason),
        "error",
        "retry",
        since=row.sample_age_at,
        retry_at=row.retry_at,
    )


def _ill_run(run: RunRow) -> Attention:
    level = "error" if run.state is State.FAILED else "warning"
    detail = " ".join(part for part in (run.reason, run.hint) if part)
    return Attention(run.run_id, "run", run.name, plain(detail), level, "open", since=run.ended)


def _is_full(row: NodeRow) -> bool:
    used = reading.disk_fraction(row)
    return row.state is LinkState.UP and used is not None and used >= DISK_FULL_FRACTION


def _full_disk(row: NodeRow) -> Attention:
    used = reading.disk_fraction(row) or 0.0
    return Attention(
        row.name, "node", row.name, f"{used * 100:.0f} %", "warning", "open", since=None
    )


def running_runs(runs: Iterable[RunRow]) -> list[RunRow]:
    """Active runs, newest first."""
    return sorted(filter(run_reading.is_active, runs), key=lambda run: -run.number)
