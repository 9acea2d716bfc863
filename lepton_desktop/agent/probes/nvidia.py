"""NVIDIA GPUs through NVML (``pynvml``). Runs on every node, in the agent.

Every query may fail on its own: consumer cards have no power limit, data-centre cards no fan, a
vGPU next to nothing. What a device does not support is asked once; what failed for another
reason is asked again, and a driver that went away is looked for again after a while.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from lepton_desktop.agent.probes.probe import GpuProcess, GpuReading
from lepton_desktop.agent.text import clean
from lepton_desktop.wire.node import GpuFacts

RETRY_SECONDS = 30.0
SLOW_EVERY = 5
"""What changes slowly is asked in every fifth reading; its last value stands in between."""

UNSUPPORTED = "not supported by this GPU"

THROTTLE_REASONS = (
    ("HwThermalSlowdown", "heat"),
    ("SwThermalSlowdown", "heat"),
    ("HwPowerBrakeSlowdown", "power brake"),
    ("SwPowerCap", "power limit"),
    ("HwSlowdown", "hardware slowdown"),
    ("SyncBoost", "sync boost"),
)


def _throttle(nvml: Any, handle: Any) -> str:  # noqa: ANN401 (pynvml is untyped)
    bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
    words = [
        word
        for name, word in THROTTLE_REASONS
        if bits & getattr(nvml, f"nvmlClocksThrottleReason{name}", 0)
    ]
    return ", ".join(dict.fromkeys(words))


def _utilisation(nvml: Any, handle: Any) -> tuple[Any, ...]:  # noqa: ANN401 (pynvml is untyped)
    rates = nvml.nvmlDeviceGetUtilizationRates(handle)
    return rates.gpu, rates.memory


def _compute_processes(nvml: Any, handle: Any) -> Any:  # noqa: ANN401 (pynvml is untyped)
    return nvml.nvmlDeviceGetComputeRunningProcesses(handle)


def _graphics_processes(nvml: Any, handle: Any) -> Any:  # noqa: ANN401 (pynvml is untyped)
    return nvml.nvmlDeviceGetGraphicsRunningProcesses(handle)


@dataclass(frozen=True)
class Query:
    """One NVML call: the fields it fills, in order, and whether they change slowly."""

    fields: tuple[str, ...]
    ask: Callable[[Any, Any], Any]
    slow: bool = False


QUERIES = (
    Query(("utilisation_percent", "memory_utilisation_percent"), _utilisation),
    Query(("memory_used_bytes",), lambda n, h: (int(n.nvmlDeviceGetMemoryInfo(h).used),)),
    Query(("power_watts",), lambda n, h: (round(n.nvmlDeviceGetPowerUsage(h) / 1000, 1),)),
    Query(
        ("power_limit_watts",),
        lambda n, h: (round(n.nvmlDeviceGetEnforcedPowerLimit(h) / 1000),),
        slow=True,
    ),
    Query(
        ("temperature_celsius",),
        lambda n, h: (n.nvmlDeviceGetTemperature(h, n.NVML_TEMPERATURE_GPU),),
    ),
    Query(("fan_percent",), lambda n, h: (n.nvmlDeviceGetFanSpeed(h),), slow=True),
    Query(("sm_clock_mhz",), lambda n, h: (n.nvmlDeviceGetClockInfo(h, n.NVML_CLOCK_SM),)),
    Query(("throttle",), lambda n, h: (_throttle(n, h),)),
)


class _Device:
    """One handle and what was learned about it."""

    def __init__(self, nvml: Any, handle: Any) -> None:  # noqa: ANN401 (pynvml is untyped)
        self._handle = handle
        self._nvml = nvml
        self._unsupported: set[Query] = set()
        self._kept: dict[Query, tuple[Any, ...]] = {}
        self._count = 0

    def read(self) -> GpuReading:
        values: dict[str, Any] = {}
        reasons: dict[str, str] = {}
        for query in QUERIES:
            answer, reason = self._answer(query)
            if reason:
                reasons.update(dict.fromkeys(query.fields, reason))
            else:
                values.update(zip(query.fields, answer))
        self._count += 1
        return GpuReading(**values, reasons=reasons)

    def _answer(self, query: Query) -> tuple[tuple[Any, ...], str]:
        if query in self._unsupported:
            return (), UNSUPPORTED
        if query in self._kept and self._count % SLOW_EVERY:
            return self._kept[query], ""
        answer, reason = self.ask(query.ask)
        if reason == UNSUPPORTED:
            self._unsupported.add(query)
        elif not reason and query.slow:
            self._kept[query] = answer
        return answer, reason

    def ask(self, question: Callable[[Any, Any], Any]) -> tuple[Any, str]:
        """A value, or None and the reason."""
        try:
            return question(self._nvml, self._handle), ""
        except Exception as error:  # noqa: BLE001 - any one query may fail, none may kill a sample
            return None, _reason(self._nvml, error)


class NvidiaProbe:
    """Every GPU that the NVIDIA driver shows to this login. One thread at a time."""

    kind = "nvidia"

    def __init__(self, load: Callable[[], ModuleType] | None = None) -> None:
        self._load = load or _import_pynvml
        self._nvml: Any = None
        self._devices: list[_Device] = []
        self._problem = "not opened yet"
        self._retry_at = 0.0

    def open(self) -> str:
        """Find the GPUs; asked again after a failure it looks again, but not every second."""
        if self._devices or time.monotonic() < self._retry_at:
            return self._problem
        self._retry_at = time.monotonic() + RETRY_SECONDS
        try:
            self._nvml = self._load()
            self._nvml.nvmlInit()
            count = self._nvml.nvmlDeviceGetCount()
        except Exception as error:  # noqa: BLE001 - pynvml may raise anything a broken driver brings
            self._problem = f"no NVIDIA driver answers: {_reason(self._nvml, error)}"
            return self._problem
        self._devices = [_Device(self._nvml, handle) for handle in self._handles(count)]
        self._problem = "" if self._devices else "the NVIDIA driver shows no GPU"
        return self._problem

    def facts(self) -> list[GpuFacts]:
        """Name, memory, driver and UUID of each GPU."""
        if self.open():
            return []
        driver = self._text(self._nvml.nvmlSystemGetDriverVersion)
        return [self._describe(index, device, driver) for index, device in enumerate(self._devices)]

    def read(self) -> list[GpuReading]:
        """One reading a GPU; when all of them fail alike the driver is looked for again."""
        if self.open():
            return []
        readings = [device.read() for device in self._devices]
        wanted = sum(len(query.fields) for query in QUERIES)
        if all(len(reading.reasons) == wanted for reading in readings):
            self._close(f"no GPU answers any more: {next(iter(readings[0].reasons.values()))}")
        return readings

    def processes(self) -> list[GpuProcess]:
        """Compute and graphics processes of each GPU."""
        if self.open():
            return []
        found: dict[tuple[int, int], GpuProcess] = {}
        for index, device in enumerate(self._devices):
            for query in (_compute_processes, _graphics_processes):
                running, _ = device.ask(query)
                for item in running or []:
                    memory = item.usedGpuMemory
                    found[index, item.pid] = GpuProcess(
                        index, item.pid, None if memory is None else int(memory)
                    )
        return list(found.values())

    def _close(self, problem: str) -> None:
        self._problem = problem
        self._devices = []
        self._retry_at = time.monotonic() + RETRY_SECONDS
        with contextlib.suppress(Exception):  # so that a driver loaded anew is really seen
            self._nvml.nvmlShutdown()

    def _handles(self, count: int) -> list[Any]:
        handles = []
        for index in range(count):
            try:
                handles.append(self._nvml.nvmlDeviceGetHandleByIndex(index))
            except Exception:  # noqa: BLE001 - a GPU that fell off the bus keeps its place
                handles.append(None)
        return handles

    def _describe(self, index: int, device: _Device, driver: str) -> GpuFacts:
        name, reason = device.ask(lambda n, h: _decoded(n.nvmlDeviceGetName(h)))
        memory, _ = device.ask(lambda n, h: int(n.nvmlDeviceGetMemoryInfo(h).total))
        uuid, _ = device.ask(lambda n, h: _decoded(n.nvmlDeviceGetUUID(h)))
        shown = name or f"NVIDIA GPU ({reason})"
        return GpuFacts(index, self.kind, shown, memory, driver, uuid or "")

    def _text(self, query: Callable[[], Any]) -> str:
        try:
            return _decoded(query())
        except Exception:  # noqa: BLE001 - see _Device.ask
            return ""


def _import_pynvml() -> ModuleType:
    import pynvml

    module: ModuleType = pynvml
    return module


def _decoded(value: Any) -> str:  # noqa: ANN401 (bytes in old pynvml, str in new)
    return clean(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value), 100)


def _reason(nvml: Any, error: Exception) -> str:  # noqa: ANN401 (pynvml is untyped)
    if isinstance(error, ImportError):
        return "pynvml is not there"
    code = getattr(error, "value", None)
    if code is not None and code == getattr(nvml, "NVML_ERROR_NOT_SUPPORTED", 3):
        return UNSUPPORTED
    return clean(str(error) or type(error).__name__, 100)
