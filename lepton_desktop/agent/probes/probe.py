"""What every accelerator probe offers. Runs on every node, in the agent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from lepton_desktop.wire.node import GpuFacts


@dataclass(frozen=True)
class GpuReading:
    """One accelerator at one moment; the fields are the columns of GpuColumns."""

    utilisation_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_utilisation_percent: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    temperature_celsius: float | None = None
    fan_percent: float | None = None
    sm_clock_mhz: int | None = None
    throttle: str | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    """Field name to why it is missing."""


@dataclass(frozen=True)
class GpuProcess:
    """A process that uses an accelerator."""

    index: int
    pid: int
    memory_bytes: int | None = None


class AcceleratorProbe(Protocol):
    """Devices of one kind. No method raises; what cannot be read is None with a reason."""

    kind: str

    def open(self) -> str:
        """Find the devices; the answer says why there are none, empty when there are some."""

    def facts(self) -> list[GpuFacts]:
        """What the devices are, numbered from 0."""

    def read(self) -> list[GpuReading]:
        """One reading a device."""

    def processes(self) -> list[GpuProcess]:
        """Who uses the devices."""
