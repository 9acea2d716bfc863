"""The processes of a node, for tables and stop reports. Runs on every node, in the agent."""

from __future__ import annotations

import pwd
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lepton_desktop.agent import procfs, sweep
from lepton_desktop.agent.probes.probe import GpuProcess
from lepton_desktop.agent.procfs import TICKS_PER_SECOND, ProcessStat
from lepton_desktop.agent.text import clean
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import ProcessInfo

MOST_PROCESSES = 500
"""So many are listed at most: jobs and GPU holders first, then the busiest."""

FIRST_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class _Reading:
    time: float
    cpu_ticks: dict[tuple[int, int], int]


class ProcessList:
    """Lists processes; CPU use covers the time since the list before."""

    def __init__(self, gpu_processes: Callable[[], list[GpuProcess]]) -> None:
        self._gpu_processes = gpu_processes
        self._lock = threading.Lock()
        self._last: _Reading | None = None

    def list(self) -> list[ProcessInfo]:
        """The processes that matter most.

        Raises:
            LeptonError: The system has no ``/proc``.
        """
        if not procfs.PROC.is_dir():
            raise LeptonError("This system has no /proc to list processes from.", code="no_proc")
        gpu = _by_pid(self._gpu_processes())
        with self._lock:
            if self._last is None:
                self._last = _reading(list(procfs.all_stats()))
                time.sleep(FIRST_LOOK_SECONDS)
            stats = list(procfs.all_stats())
            before, self._last = self._last, _reading(stats)
        seconds = max(self._last.time - before.time, 1e-3)
        rows = [
            describe(stat, None, _cpu_percent(stat, before, seconds), gpu.get(stat.pid, []))
            for stat in stats
            if stat.is_alive and (stat.pid in gpu or stat.memory_bytes > 0)  # no kernel threads
        ]
        return sorted(rows, key=_importance)[:MOST_PROCESSES]


def describe(
    stat: ProcessStat,
    job_id: str | None = None,
    cpu_percent: float | None = None,
    gpu: list[GpuProcess] | None = None,
) -> ProcessInfo:
    """One process as the desk is told of it; the job id is looked up when it is not known."""
    known = [use.memory_bytes for use in gpu or [] if use.memory_bytes is not None]
    if job_id is None:
        job_id = procfs.environment_value(stat.pid, sweep.TAG) or ""
    return ProcessInfo(
        pid=stat.pid,
        user=_user_name(procfs.owner(stat.pid)),
        command=clean(procfs.command_line(stat.pid) or f"[{stat.name}]", 200),
        cpu_percent=cpu_percent,
        memory_bytes=stat.memory_bytes,
        gpu_memory_bytes=sum(known) if known else None,
        gpu_indices=sorted({use.index for use in gpu or []}),
        job_id=clean(job_id, 127),
    )


def _reading(stats: list[ProcessStat]) -> _Reading:
    ticks = {(stat.pid, stat.start_ticks): stat.cpu_ticks for stat in stats}
    return _Reading(time.monotonic(), ticks)


def _cpu_percent(stat: ProcessStat, before: _Reading, seconds: float) -> float:
    """Of one core. A process that started meanwhile is counted from its start."""
    ticks = stat.cpu_ticks - before.cpu_ticks.get((stat.pid, stat.start_ticks), 0)
    return round(100.0 * max(ticks, 0) / TICKS_PER_SECOND / seconds, 1)


def _by_pid(uses: list[GpuProcess]) -> dict[int, list[GpuProcess]]:
    found: dict[int, list[GpuProcess]] = {}
    for use in uses:
        found.setdefault(use.pid, []).append(use)
    return found


def _importance(row: ProcessInfo) -> tuple[bool, float, int]:
    other = not row.job_id and not row.gpu_indices
    return other, -(row.cpu_percent or 0.0), -(row.memory_bytes or 0)


@lru_cache(maxsize=1024)
def _user_name(uid: int | None) -> str:
    if uid is None:
        return ""
    try:
        return clean(pwd.getpwuid(uid).pw_name, 64)
    except KeyError:
        return str(uid)
