"""Finds and ends every process of a job. Runs on every node, in the agent and in supervisors.

Parent pids are not enough: loader workers get re-parented and ranks open their own sessions. So
a process belongs to a job when its environment carries the job's tag, when it is in the leader's
process group, or when it descends from the supervisor, which adopts orphans.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from lepton_desktop.agent import identity, procfs
from lepton_desktop.agent.identity import NOBODY, Identity
from lepton_desktop.agent.procfs import ProcessStat

TAG = "LEPTON_JOB_ID"
KILL_SECONDS = 3.0
"""How long SIGKILL is given to take effect before what is left counts as a survivor."""


@dataclass(frozen=True)
class JobProcesses:
    """How to recognise the processes of one job."""

    job_id: str
    supervisor: Identity = NOBODY
    leader: Identity = NOBODY

    def find(self) -> list[ProcessStat]:
        """Every living process of the job, its supervisor not counted."""
        stats = [stat for stat in procfs.all_stats() if stat.is_alive]
        family = self._descendants(stats)
        leader_exists = self.leader.exists
        spared = {os.getpid(), self.supervisor.pid if self.supervisor.exists else 0}
        return [
            stat
            for stat in stats
            if stat.pid not in spared
            and (
                stat.pid in family
                or self._is_grouped(stat, leader_exists)
                or procfs.environment_value(stat.pid, TAG) == self.job_id
            )
        ]

    def _is_grouped(self, stat: ProcessStat, leader_exists: bool) -> bool:
        if self.leader.pid <= 0 or self.leader.pid not in (stat.group, stat.session):
            return False
        if leader_exists:
            return True
        # The leader is gone. Its number stays taken while its group has members, so nobody of
        # that pid may live now; a GPU holder is worth that weaker proof.
        return (
            self.leader.is_of_this_boot
            and stat.start_ticks >= self.leader.start_ticks
            and procfs.read_stat(self.leader.pid) is None
            and procfs.holds_accelerator(stat.pid)
        )

    def _descendants(self, stats: list[ProcessStat]) -> set[int]:
        family = {root.pid for root in (self.supervisor, self.leader) if root.exists}
        if not family:
            return family
        children: dict[int, list[int]] = {}
        for stat in stats:
            children.setdefault(stat.parent, []).append(stat.pid)
        waiting = list(family)
        while waiting:
            for child in children.get(waiting.pop(), ()):
                if child not in family:
                    family.add(child)
                    waiting.append(child)
        return family


def end(find: Callable[[], list[ProcessStat]], grace_seconds: float) -> list[ProcessStat]:
    """Terminate, wait, kill, verify; the answer is what could not be ended."""
    alive = _press(find, signal.SIGTERM, grace_seconds)
    return _press(find, signal.SIGKILL, KILL_SECONDS) if alive else []


def _press(
    find: Callable[[], list[ProcessStat]], number: signal.Signals, seconds: float
) -> list[ProcessStat]:
    """Signal each process once, newcomers too, until none is left or the time is over."""
    deadline = time.monotonic() + seconds
    asked: set[tuple[int, int]] = set()
    pause = 0.02
    while True:
        alive = find()
        for stat in alive:
            if (stat.pid, stat.start_ticks) not in asked:
                asked.add((stat.pid, stat.start_ticks))
                identity.send_signal(identity.of(stat), number)
                identity.send_signal(identity.of(stat), signal.SIGCONT)  # a stopped one hears it
        if not alive or time.monotonic() >= deadline:
            return alive
        time.sleep(min(pause, max(0.0, deadline - time.monotonic())))
        pause = min(0.2, pause * 1.5)
