"""Processes as ``/proc`` shows them. Runs on every node; standard library only.

Every reader answers None for a process that is gone or not ours to look at: processes come and
go while they are listed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
ACCELERATOR_FILES = ("/dev/nvidia", "/dev/kfd", "/dev/dri/renderD", "/dev/accel")


@dataclass(frozen=True)
class ProcessStat:
    """The part of ``/proc/<pid>/stat`` that is needed here."""

    pid: int
    name: str
    state: str
    parent: int
    group: int
    session: int
    cpu_ticks: int
    start_ticks: int
    """Clock ticks after boot; with the boot id it tells a process from a later one of its pid."""
    memory_bytes: int

    @property
    def is_alive(self) -> bool:
        """False for a zombie, which has ended and only waits to be reaped."""
        return self.state not in ("Z", "X", "x")


def read_stat(pid: int) -> ProcessStat | None:
    """What the kernel says of one process."""
    try:
        head, _, tail = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")
        words = tail.split()
        return ProcessStat(
            pid=pid,
            name=head.partition(b"(")[2].decode("utf-8", "replace"),
            state=words[0].decode(),
            parent=int(words[1]),
            group=int(words[2]),
            session=int(words[3]),
            cpu_ticks=int(words[11]) + int(words[12]),
            start_ticks=int(words[19]),
            memory_bytes=int(words[21]) * PAGE_BYTES,
        )
    except (OSError, ValueError, IndexError):
        return None


def all_stats() -> Iterator[ProcessStat]:
    """Every process of the node."""
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            stat = read_stat(int(entry.name))
            if stat is not None:
                yield stat


def environment_value(pid: int, name: str) -> str | None:
    """A variable of the environment that the process was started with."""
    try:
        data = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return None
    wanted = name.encode() + b"="
    for item in data.split(b"\0"):
        if item.startswith(wanted):
            return item[len(wanted) :].decode("utf-8", "replace")
    return None


def command_line(pid: int) -> str | None:
    """The arguments, joined by spaces; None for kernel threads and zombies."""
    try:
        data = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return None
    text = data[:4096].replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return text or None


def owner(pid: int) -> int | None:
    """User id."""
    try:
        return (PROC / str(pid)).stat().st_uid
    except OSError:
        return None


def holds_accelerator(pid: int) -> bool:
    """Whether the process has the device file of a GPU open."""
    try:
        entries = list(os.scandir(PROC / str(pid) / "fd"))
    except OSError:
        return False
    for entry in entries:
        try:
            if str(Path(entry.path).readlink()).startswith(ACCELERATOR_FILES):
                return True
        except OSError:
            continue
    return False
