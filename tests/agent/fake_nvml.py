"""A pynvml that serves faults: no GPU is at hand here, so only failing and shapes are tested.

What a real driver answers is not shown by any test that uses this.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

NVML_TEMPERATURE_GPU = 0
NVML_CLOCK_SM = 1
NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_GPU_IS_LOST = 15

nvmlClocksThrottleReasonSwPowerCap = 0x4  # noqa: N816 (NVML's own name)
nvmlClocksThrottleReasonHwThermalSlowdown = 0x40  # noqa: N816 (NVML's own name)


class NVMLError(Exception):
    """As in pynvml: ``value`` is the code."""

    def __init__(self, value: int) -> None:
        super().__init__({3: "Not Supported", 15: "GPU is lost"}.get(value, f"error {value}"))
        self.value = value


class FakeNvml:
    """Eight GPUs; ``faults`` maps a call, or a call and a device, to what it raises."""

    NVML_TEMPERATURE_GPU = NVML_TEMPERATURE_GPU
    NVML_CLOCK_SM = NVML_CLOCK_SM
    NVML_ERROR_NOT_SUPPORTED = NVML_ERROR_NOT_SUPPORTED
    nvmlClocksThrottleReasonSwPowerCap = nvmlClocksThrottleReasonSwPowerCap  # noqa: N815
    nvmlClocksThrottleReasonHwThermalSlowdown = (  # noqa: N815
        nvmlClocksThrottleReasonHwThermalSlowdown
    )

    def __init__(self, count: int = 8) -> None:
        self.count = count
        self.faults: dict[Any, Exception] = {}
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("nvmlDevice", "nvmlSystem", "nvmlInit", "nvmlShutdown")):
            raise AttributeError(name)

        def call(*args: Any) -> Any:
            device = args[0] if args else None
            self.calls.append((name, device))
            fault = self.faults.get(name) or self.faults.get((name, device))
            if fault is not None:
                raise fault
            return self._value(name, device)

        return call

    def _value(self, name: str, device: Any) -> Any:
        return {
            "nvmlDeviceGetCount": self.count,
            "nvmlDeviceGetHandleByIndex": device,
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=97, memory=41),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=71_234_567_890, total=85_899_345_920),
            "nvmlDeviceGetPowerUsage": 687_412,
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetTemperature": 64,
            "nvmlDeviceGetFanSpeed": 55,
            "nvmlDeviceGetClockInfo": 1980,
            "nvmlDeviceGetCurrentClocksThrottleReasons": 0x4,
            "nvmlDeviceGetName": b"FAKE GPU",
            "nvmlDeviceGetUUID": f"GPU-{device}",
            "nvmlSystemGetDriverVersion": "0.0",
            "nvmlDeviceGetComputeRunningProcesses": [
                SimpleNamespace(pid=1000 + (device or 0), usedGpuMemory=5_000_000)
            ],
            "nvmlDeviceGetGraphicsRunningProcesses": [],
        }.get(name)
