"""How nodes, checks and processes read in a terminal. Runs on the desk."""

from __future__ import annotations

import time

from lepton_desktop.cli.output import pairs, table
from lepton_desktop.client import EngineClient
from lepton_desktop.client.status_line import StatusLine
from lepton_desktop.client.words import UNKNOWN, bytes_text, clean, percent_text, seconds_text
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import Check, LinkState, NodeRow
from lepton_desktop.wire.node import NodeFacts, ProcessInfo

LINK_SECONDS = 90.0
CHECK_MARKS = {"ok": "ok", "warning": "WARN", "error": "ERROR"}


def wait_for_link(client: EngineClient, name: str, seconds: float = LINK_SECONDS) -> NodeRow:
    """The row once the node is up or needs the operator; shows the steps meanwhile."""
    deadline = time.monotonic() + seconds
    status = StatusLine(every_seconds=0.0)
    row = client.node(name)
    revision = 0
    while row.state is LinkState.CONNECTING and time.monotonic() < deadline:
        if row.step:
            status.show(f"{name}: {row.step}")
        changes = client.changes(revision, ["nodes"], 2.0)
        revision = changes.revision
        row = next((new for new in changes.nodes if new.name == name), row)
    status.end()
    return row


def connect_failed(row: NodeRow) -> LeptonError:
    """The error of a node that did not come up; a key to accept comes with the exact command."""
    message = f"{row.name} is not connected: {row.reason or row.step or row.state.value}"
    hint = row.hint
    if row.offered_key:
        pinned = f"The pinned key is {row.host_key}.\n" if row.host_key else ""
        hint = (
            f"{hint}\n{pinned}The key it shows is {row.offered_key}. If that is the right one, "
            f"accept it with:\n  leptonctl node trust {row.name} {row.offered_key}"
        ).strip()
    return LeptonError(message, hint, code=row.code or "link_down")


def node_table(rows: list[NodeRow]) -> str:
    """One line a node."""
    heads = ("NAME", "STATE", "CPU", "MEMORY", "GPU", "JOBS", "ADDRESS", "NOTE")
    lines = [
        (
            row.name,
            f"{row.state.value}{' (drained)' if row.drained else ''}",
            cpu(row),
            memory(row),
            gpu(row),
            row.jobs_running,
            row.address,
            _note(row),
        )
        for row in rows
    ]
    return table(heads, lines, "No nodes. Add one with: leptonctl node add NAME --host ADDRESS")


def _note(row: NodeRow) -> str:
    if row.state in (LinkState.UP, LinkState.CONNECTING):
        return row.drain_reason or row.python_problem or row.step
    wait = ""
    if row.retry_at is not None:
        wait = f" (next try in {seconds_text(max(0.0, row.retry_at - time.time()))})"
    return f"{row.reason}{wait}"


def cpu(row: NodeRow) -> str:
    """CPU load of the newest sample."""
    return percent_text(row.sample.host.cpu_percent if row.sample else None)


def memory(row: NodeRow) -> str:
    """Used of all memory."""
    host = row.sample.host if row.sample else None
    if host is None or host.memory_used_bytes is None or not host.memory_total_bytes:
        return UNKNOWN
    return f"{bytes_text(host.memory_used_bytes)} of {bytes_text(host.memory_total_bytes)}"


def gpu(row: NodeRow) -> str:
    """Number of accelerators and their mean load."""
    count = len(row.facts.gpus) if row.facts else 0
    if not count:
        return "none" if row.facts else UNKNOWN
    known = [x for x in row.sample.gpu.utilisation_percent if x is not None] if row.sample else []
    return f"{count} × {percent_text(sum(known) / len(known) if known else None)}"


def node_text(row: NodeRow) -> str:
    """Everything of one node."""
    shown: dict[str, object] = {
        "node": row.name,
        "address": row.address,
        "state": row.state.value,
        "reason": row.reason,
        "hint": row.hint,
        "drained": (row.drain_reason or "yes") if row.drained else "",
        "tags": ", ".join(row.tags),
        "group": row.group,
        "host key": row.host_key,
        "key it shows": row.offered_key,
        "agent": row.agent_version,
        "clock skew": "" if row.clock_skew_seconds is None else f"{row.clock_skew_seconds:.2f} s",
    }
    if row.facts is not None:
        shown |= _hardware(row.facts)
    shown |= {
        "load": f"CPU {cpu(row)}, memory {memory(row)}" if row.sample else "",
        "Python": row.python or row.python_problem,
        "jobs": row.jobs_running,
    }
    text = pairs(shown)
    for item in row.environments:
        fit = item.problem or f"torch {item.torch}, gymnasium {item.gymnasium}"
        text += f"\n  {clean(item.path)}  Python {clean(item.version)}: {clean(fit)}"
    return text


def _hardware(facts: NodeFacts) -> dict[str, object]:
    return {
        "system": f"{facts.os}, {facts.kernel}, {facts.architecture}",
        "processor": f"{facts.cpu_model}, {facts.cpu_count} logical CPUs",
        "memory": bytes_text(facts.memory_bytes),
        "disk": f"{bytes_text(facts.disk_free_bytes)} free of {bytes_text(facts.disk_total_bytes)}",
        "up for": seconds_text(facts.uptime_seconds),
        "GPUs": ", ".join(gpu.name for gpu in facts.gpus),
        "networks": ", ".join(f"{item.name} {item.address}" for item in facts.interfaces),
    }


def check_table(checks: list[Check]) -> str:
    """Findings, each with its hint below."""
    lines = []
    for check in checks:
        mark = CHECK_MARKS.get(check.level, check.level)
        where = f"{check.node}: " if check.node else ""
        lines.append(f"{mark:<5}  {where}{clean(check.name)}: {clean(check.message)}")
        if check.hint and check.level != "ok":
            lines.append(f"       {clean(check.hint, keep=chr(10))}")
    return "\n".join(lines)


def process_table(rows: list[ProcessInfo]) -> str:
    """One line a process, busiest first."""
    ordered = sorted(rows, key=lambda row: -(row.cpu_percent or 0.0))
    lines = [
        (
            row.pid,
            row.user,
            percent_text(row.cpu_percent),
            bytes_text(row.memory_bytes),
            bytes_text(row.gpu_memory_bytes) if row.gpu_indices else "",
            row.job_id,
            row.command[:100],
        )
        for row in ordered
    ]
    return table(("PID", "USER", "CPU", "MEMORY", "GPU MEM", "JOB", "COMMAND"), lines, "None.")
