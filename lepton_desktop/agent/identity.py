"""Which process is meant, for good: a pid alone may be reused. Runs on every node."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lepton_desktop.agent.procfs import ProcessStat, read_stat


@cache
def boot_id() -> str:
    """Changes with every start of the kernel; empty where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class Identity:
    """A process of a certain boot. ``pid`` 0 stands for none."""

    pid: int = 0
    start_ticks: int = 0
    boot_id: str = ""

    @property
    def is_of_this_boot(self) -> bool:
        """Whether the node was not restarted since."""
        return self.boot_id == boot_id()

    @property
    def exists(self) -> bool:
        """Whether this very process is there, a zombie included: its pid is not free then."""
        if self.pid <= 0 or not self.is_of_this_boot:
            return False
        stat = read_stat(self.pid)
        return stat is not None and stat.start_ticks == self.start_ticks

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        if self.pid <= 0 or not self.is_of_this_boot:
            return False
        stat = read_stat(self.pid)
        return stat is not None and stat.start_ticks == self.start_ticks and stat.is_alive


NOBODY = Identity()


def identify(pid: int) -> Identity:
    """The identity of a process that runs now; NOBODY when it does not."""
    stat = read_stat(pid)
    return NOBODY if stat is None else of(stat)


def of(stat: ProcessStat) -> Identity:
    """The identity behind a reading."""
    return Identity(stat.pid, stat.start_ticks, boot_id())


def send_signal(target: Identity, number: signal.Signals) -> None:
    """Signal exactly this process, never another one that got its pid meanwhile."""
    with contextlib.suppress(OSError):
        if not hasattr(os, "pidfd_open"):
            _signal_checked(target, number)
            return
        try:
            handle = os.pidfd_open(target.pid)
        except ProcessLookupError:
            return
        except OSError:  # a kernel before 5.3
            _signal_checked(target, number)
            return
        try:
            if target.exists:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _signal_checked(target: Identity, number: signal.Signals) -> None:
    if target.exists:
        os.kill(target.pid, number)
