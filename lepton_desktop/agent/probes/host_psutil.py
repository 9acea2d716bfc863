"""Host counters through psutil. Runs on nodes whose bundle carries a psutil that fits."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from lepton_desktop.agent.probes.host_counters import CpuTimes, Memory

OVERLAP = ("guest", "guest_nice")
"""Linux counts these in user and nice already."""

IDLE = ("idle", "iowait")


class PsutilReader:
    """See HostReader."""

    name = "psutil"

    def cpu(self) -> list[CpuTimes]:
        """Per logical CPU."""
        return [_times(item._asdict()) for item in psutil.cpu_times(percpu=True)]

    def memory(self) -> Memory:
        """Memory now."""
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return Memory(memory.total, memory.available, swap.used)

    def disks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes read and written since boot, per block device."""
        counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
        return {name: (item.read_bytes, item.write_bytes) for name, item in counters.items()}

    def networks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes received and sent since boot, per interface."""
        counters = psutil.net_io_counters(pernic=True, nowrap=False) or {}
        return {name: (item.bytes_recv, item.bytes_sent) for name, item in counters.items()}


def _times(seconds: Mapping[str, float]) -> CpuTimes:
    total = sum(value for name, value in seconds.items() if name not in OVERLAP)
    return CpuTimes(total - sum(seconds.get(name, 0.0) for name in IDLE), total)
