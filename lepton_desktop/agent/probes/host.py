"""CPU, memory, disk and network of a node. Runs on every node, in the agent.

Counters come from a reader (``psutil`` where it lies in the bundle, ``/proc`` otherwise); both feed
the same arithmetic here, so a node looks alike whichever is there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lepton_desktop.agent.probes.host_counters import CpuTimes, HostReader
from lepton_desktop.agent.text import clean
from lepton_desktop.wire.node import HostSample

DISK_SPACE_SECONDS = 5.0
"""Free space is asked this often only: it may be a file server that answers."""

SHORTEST_SECONDS = 0.05
TEMPERATURE_DRIVERS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")
FIRST_READING = "needs two readings"


def best_reader() -> HostReader:
    """The reader that works here: psutil's when it can be imported and really reads."""
    try:
        from lepton_desktop.agent.probes.host_psutil import PsutilReader

        reader = PsutilReader()
        reader.cpu()
        reader.memory()
    except Exception:  # noqa: BLE001 - a wheel of another platform may fail in any way
        from lepton_desktop.agent.probes.host_proc import ProcReader

        return ProcReader()
    return reader


class HostProbe:
    """Turns counters into a HostSample; rates cover the time since the reading before."""

    def __init__(self, reader: HostReader, home: Path) -> None:
        self._reader = reader
        self._home = home
        self._temperature = _temperature_file()
        self._space: tuple[float, int, int] | None = None
        self._time = 0.0
        self._seconds = 0.0
        self._cpu: list[CpuTimes] = []
        self._disk: tuple[int, int] | None = None
        self._network: tuple[int, int] | None = None
        self._parts: tuple[tuple[tuple[str, ...], Callable[[], tuple[Any, ...]]], ...] = (
            (("cpu_percent", "cpu_per_core"), self._cpu_use),
            (("load_1m",), lambda: (round(os.getloadavg()[0], 2),)),
            (("memory_used_bytes", "memory_total_bytes", "swap_used_bytes"), self._memory),
            (("disk_free_bytes", "disk_total_bytes"), self._disk_space),
            (("disk_read_bytes_per_second", "disk_write_bytes_per_second"), self._disk_rates),
            (
                ("network_receive_bytes_per_second", "network_send_bytes_per_second"),
                self._network_rates,
            ),
            (("temperature_celsius",), self._degrees),
        )

    def read(self) -> tuple[HostSample, dict[str, str]]:
        """A reading, and for every field that is missing the reason."""
        now = time.monotonic()
        self._seconds, self._time = now - self._time, now
        values: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        for names, part in self._parts:
            try:
                values.update(zip(names, part()))
            except Exception as error:  # noqa: BLE001 - one ill source never kills a sample
                reason = clean(str(error) or type(error).__name__, 100)
                reasons.update({f"host.{name}": reason for name in names})
        return HostSample(**values), reasons

    def _cpu_use(self) -> tuple[float, list[int]]:
        before, self._cpu = self._cpu, self._reader.cpu()
        if len(before) != len(self._cpu):
            raise ValueError(FIRST_READING)
        busy = [new.busy - old.busy for new, old in zip(self._cpu, before)]
        total = [new.total - old.total for new, old in zip(self._cpu, before)]
        if sum(total) <= 0:
            raise ValueError(FIRST_READING)
        cores = [round(_percent(part, whole)) for part, whole in zip(busy, total)]
        return round(_percent(sum(busy), sum(total)), 1), cores

    def _memory(self) -> tuple[int, int, int]:
        memory = self._reader.memory()
        used = memory.total_bytes - memory.available_bytes
        return used, memory.total_bytes, memory.swap_used_bytes

    def _disk_space(self) -> tuple[int, int]:
        if self._space is None or self._time - self._space[0] >= DISK_SPACE_SECONDS:
            usage = shutil.disk_usage(self._home)
            self._space = (self._time, usage.free, usage.total)
        return self._space[1:]

    def _disk_rates(self) -> tuple[int, int]:
        before, self._disk = self._disk, _sum(_physical(self._reader.disks(), "/sys/block"))
        return _rates(before, self._disk, self._seconds, "no disk is counted here")

    def _network_rates(self) -> tuple[int, int]:
        counters = _physical(self._reader.networks(), "/sys/class/net")
        before, self._network = self._network, _sum(counters)
        return _rates(before, self._network, self._seconds, "no network interface is counted here")

    def _degrees(self) -> tuple[float]:
        if self._temperature is None:
            raise ValueError("no CPU temperature sensor")
        return (round(int(self._temperature.read_text(encoding="ascii")) / 1000, 1),)


def _percent(part: float, whole: float) -> float:
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole > 0 else 0.0


def _sum(counters: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    if not counters:
        return None
    return sum(pair[0] for pair in counters.values()), sum(pair[1] for pair in counters.values())


def _rates(
    before: tuple[int, int] | None, now: tuple[int, int] | None, seconds: float, missing: str
) -> tuple[int, int]:
    if now is None:
        raise ValueError(missing)
    if before is None or seconds < SHORTEST_SECONDS:
        raise ValueError(FIRST_READING)
    # Counters that went back belong to a device that came anew; a rate below 0 means nothing.
    first, second = (max(0, round((new - old) / seconds)) for new, old in zip(now, before))
    return first, second


def _physical(counters: Mapping[str, tuple[int, int]], sys: str) -> Mapping[str, tuple[int, int]]:
    """Real devices only, so that a bridge, a RAID or a partition does not count bytes twice.

    A machine without any (a container, a network namespace) counts what it has but the loopback.
    """
    real = {name: pair for name, pair in counters.items() if Path(sys, name, "device").exists()}
    if real:
        return real
    virtual = ("lo", "loop", "ram", "zram", "dm-", "md")
    return {name: pair for name, pair in counters.items() if not name.startswith(virtual)}


def _temperature_file() -> Path | None:
    """The kernel's file with the CPU temperature, looked for once."""
    found: dict[str, Path] = {}
    for folder in sorted(Path("/sys/class/hwmon").glob("hwmon*")):
        try:
            name = (folder / "name").read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if (folder / "temp1_input").is_file():
            found.setdefault(name, folder / "temp1_input")
    return next((found[name] for name in TEMPERATURE_DRIVERS if name in found), None)
