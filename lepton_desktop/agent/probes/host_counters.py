"""What a reader of host counters delivers. Runs on every node, in the agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class CpuTimes:
    """Seconds since boot of one logical CPU."""

    busy: float
    total: float


@dataclass(frozen=True)
class Memory:
    """Main memory and swap."""

    total_bytes: int
    available_bytes: int
    swap_used_bytes: int


class HostReader(Protocol):
    """Where the counters come from; any method may raise OSError or ValueError."""

    name: str

    def cpu(self) -> list[CpuTimes]:
        """Per logical CPU."""

    def memory(self) -> Memory:
        """Memory now."""

    def disks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes read and written since boot, per block device."""

    def networks(self) -> Mapping[str, tuple[int, int]]:
        """Bytes received and sent since boot, per interface."""
