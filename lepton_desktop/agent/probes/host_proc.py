"""Host counters read from ``/proc``. Runs on nodes for which no psutil wheel fits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lepton_desktop.agent.probes.host_counters import CpuTimes, Memory
from lepton_desktop.agent.procfs import PROC, TICKS_PER_SECOND

SECTOR_BYTES = 512
"""``/proc/diskstats`` counts in these, whatever the disk's own sectors are."""


class ProcReader:
    """See HostReader."""

    name = "/proc"

    def __init__(self, root: Path = PROC) -> None:
        self._root = root

    def cpu(self) -> list[CpuTimes]:
        """Per logical CPU: user, nice, system, idle, iowait, irq, softirq, steal."""
        times = []
        for line in self._lines("stat"):
            name, *words = line.split()
            if name.startswith("cpu") and name != "cpu":
                ticks = [int(word) for word in words[:8]]
                idle = ticks[3] + (ticks[4] if len(ticks) > 4 else 0)
                total = sum(ticks)
                times.append(CpuTimes((total - idle) / TICKS_PER_SECOND, total / TICKS_PER_SECOND))
        return times

    def memory(self) -> Memory:
        """Memory now."""
        kilobytes = {}
        for line in self._lines("meminfo"):
            name, _, rest = line.partition(":")
            kilobytes[name] = int(rest.split()[0])
        available = kilobytes.get("MemAvailable", kilobytes["MemFree"])
        swap = kilobytes.get("SwapTotal", 0) - kilobytes.get("SwapFree", 0)
        return Memory(kilobytes["MemTotal"] * 1024, available * 1024, swap * 1024)

    def disks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes read and written since boot, per block device."""
        found = {}
        for line in self._lines("diskstats"):
            words = line.split()
            found[words[2]] = (int(words[5]) * SECTOR_BYTES, int(words[9]) * SECTOR_BYTES)
        return found

    def networks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes received and sent since boot, per interface."""
        found = {}
        for line in self._lines("net/dev")[2:]:
            name, _, rest = line.partition(":")
            words = rest.split()
            found[name.strip()] = (int(words[0]), int(words[8]))
        return found

    def _lines(self, name: str) -> list[str]:
        return (self._root / name).read_text(encoding="ascii", errors="replace").splitlines()
